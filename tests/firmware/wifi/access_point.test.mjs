// The board's own network: who may join it, and what the one radio does to those who have joined.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCESS_POINT } from '../../../tools/emulator/wifi/packets.mjs';
import { Driver, variable, words } from './driver.mjs';

const LINK = 16, MEMBER_JOINED = 8, MEMBER_LEFT = 12;
const BOARD = Buffer.from('board'), SECRET = 'ten letters', GET_CHANNEL = 29, GET_MEMBERS = 159;

function opened(password = SECRET) {
  const driver = new Driver().start();
  driver.openAccessPoint('board', password, 3);
  return driver;
}

function member(number = 1) {
  const made = { address: Buffer.from([2, 0, 0, 0, 0, number]), frames: [], drops: 0 };
  made.onFrame = (frame) => made.frames.push(frame);
  made.onDropped = () => made.drops++;
  return made;
}

function members(driver) {
  const payload = Buffer.alloc(4 + 60);
  payload.writeUInt32LE(10, 0);
  const { data } = driver.control(GET_MEMBERS, { payload, interface: ACCESS_POINT });
  return Array.from({ length: data.readUInt32LE(0) }, (_, index) => data.toString('hex', 4 + 6 * index, 10 + 6 * index));
}

const channel = (driver) => driver.get(GET_CHANNEL, 12).readUInt32LE(0);

test('opening and closing it is told by an event of its interface', () => {
  const driver = opened();
  assert.deepEqual(driver.takeEvents().map((event) => [event.type, event.interface, event.flags]), [[LINK, ACCESS_POINT, 1]]);
  assert.equal(driver.getVariable('bss', 8).readUInt32LE(0), 1);
  assert.equal(channel(driver), 3);
  driver.setAccessPoint(true);
  assert.deepEqual(driver.takeEvents(), []);
  driver.setAccessPoint(false);
  assert.deepEqual(driver.takeEvents().map((event) => [event.type, event.interface, event.flags]), [[LINK, ACCESS_POINT, 0]]);
  assert.equal(driver.getVariable('bss', 8).readUInt32LE(0), 0);
});

test('the right password lets in, and the driver learns who is there', () => {
  const driver = opened();
  driver.takeEvents();
  driver.program.admit(member(7), BOARD, SECRET);
  assert.deepEqual(driver.takeEvents().map((event) => [event.type, event.address]), [[MEMBER_JOINED, '020000000007']]);
  assert.deepEqual(members(driver), ['020000000007']);
});

test('a name that is none is answered as it came', () => {
  const payload = variable('\n', Buffer.alloc(11, 1));
  assert.deepEqual(new Driver().start().control(262, { payload }).data, payload);
});

for (const [what, password, name, given] of [
  ['another password', SECRET, BOARD, 'ten numbers'], ['no password', SECRET, BOARD, null],
  ['a password for an open network', null, BOARD, SECRET], ['another name', SECRET, Buffer.from('bored'), SECRET],
  ['the right password of seven characters', 'seven77', BOARD, 'seven77'],
]) {
  test(`${what} does not let in`, () => {
    const driver = opened(password);
    assert.throws(() => driver.program.admit(member(), name, given), /wrong password|no network is called/);
    assert.deepEqual(members(driver), []);
  });
}

test('an open network lets in without a password', () => {
  const driver = opened(null);
  driver.program.admit(member(), BOARD, null);
  assert.deepEqual(members(driver), ['020000000001']);
});

test('it takes ten members', () => {
  const driver = opened();
  for (let number = 1; number <= 10; number++) driver.program.admit(member(number), BOARD, SECRET);
  assert.throws(() => driver.program.admit(member(11), BOARD, SECRET), /no more than 10/);
  assert.equal(members(driver).length, 10);
});

test('frames go to the member they are for, and to all if they are for all', () => {
  const driver = opened(), one = member(1), two = member(2);
  driver.program.admit(one, BOARD, SECRET);
  driver.program.admit(two, BOARD, SECRET);
  const forTwo = Buffer.concat([two.address, Buffer.alloc(50, 2)]), forAll = Buffer.alloc(60, 0xff);
  driver.frame(ACCESS_POINT, forTwo);
  driver.frame(ACCESS_POINT, forAll);
  assert.deepEqual([one.frames, two.frames], [[forAll], [forTwo, forAll]]);
});

test('the frames of members reach the board by the interface of its network, those of others do not', () => {
  const driver = opened(), one = member(1);
  driver.program.deliverFrom(one, Buffer.alloc(60, 1));
  driver.program.admit(one, BOARD, SECRET);
  driver.program.deliverFrom(one, Buffer.alloc(60, 2));
  driver.poll();
  assert.deepEqual(driver.frames, [{ interface: ACCESS_POINT, frame: Buffer.alloc(60, 2) }]);
});

test('a member that leaves is no longer there', () => {
  const driver = opened(), one = member(1);
  driver.program.admit(one, BOARD, SECRET);
  driver.takeEvents();
  driver.program.dismiss(one);
  driver.program.dismiss(one);
  assert.deepEqual(driver.takeEvents().map(({ type }) => type), [MEMBER_LEFT]);
  assert.deepEqual([members(driver), one.drops], [[], 0]);
});

test('joining a network on another channel takes the board\'s own network there, and loses its members', () => {
  const driver = opened(), one = member(1);
  driver.air.add({ ssid: 'home', password: 'correct horse', channel: 11 });
  driver.program.admit(one, BOARD, SECRET);
  driver.join('home', 'wrong horse');
  assert.equal(one.drops, 0);
  driver.clock.pass(2);
  driver.poll();
  assert.deepEqual([one.drops, members(driver), channel(driver)], [1, [], 11]);
  driver.program.admit(one, BOARD, SECRET);
  assert.equal(members(driver).length, 1, 'it is there on the new channel');
});

test('joining a network on the same channel loses nobody', () => {
  const driver = opened(), one = member(1);
  driver.air.add({ ssid: 'home', password: 'correct horse', channel: 3 });
  driver.program.admit(one, BOARD, SECRET);
  driver.join('home', 'correct horse');
  driver.clock.pass(2);
  driver.poll();
  assert.deepEqual([one.drops, members(driver).length], [0, 1]);
});

test('a network that moves takes the board\'s own network with it', () => {
  const driver = opened(), one = member(1);
  driver.air.add({ ssid: 'home', channel: 3 });
  driver.join('home');
  driver.clock.pass(2);
  driver.program.admit(one, BOARD, SECRET);
  driver.air.change({ ssid: 'home', channel: 9 });
  assert.deepEqual([one.drops, channel(driver)], [1, 9]);
});

test('opened while a network is joined it is on that network\'s channel', () => {
  const driver = new Driver().start();
  driver.air.add({ ssid: 'home', channel: 9 });
  driver.join('home');
  driver.clock.pass(2);
  driver.poll();
  driver.openAccessPoint('board', SECRET, 3);
  assert.equal(channel(driver), 9);
});

test('closing it, or taking the power, loses its members', () => {
  for (const end of [(driver) => driver.setAccessPoint(false), (driver) => driver.program.powerOn()]) {
    const driver = opened(), one = member(1);
    driver.program.admit(one, BOARD, SECRET);
    end(driver);
    assert.equal(one.drops, 1);
    assert.throws(() => driver.program.admit(one, BOARD, SECRET), /no network is called "board"/);
  }
});

test('a password set for one interface is not the other one\'s', () => {
  const driver = opened();
  driver.air.add({ ssid: 'home', password: SECRET });
  driver.set(134, words(4));
  driver.join('home', 'correct horse');
  driver.clock.pass(2);
  assert.equal(driver.program.station.network, null);
  driver.program.admit(member(), BOARD, SECRET);
});
