// The phone, with a board that is a few lines of this test: DHCP, DNS, a datagram.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UDP, ipPacket, parseIp, parseUdp, udpSegment } from '../../../tools/emulator/ip.mjs';
import { dhcpMessage, parseDhcp } from '../../../tools/emulator/wifi/dhcp.mjs';
import { addressBytes, arpPacket, ethernetFrame, parseArp, parseEthernet } from '../../../tools/emulator/wifi/ethernet.mjs';
import { lookUpQuery, readAnswer } from '../../../tools/emulator/wifi/names.mjs';
import { Phone } from '../../../tools/emulator/wifi/phone.mjs';
import { play } from '../../../tools/emulator/wifi/scenario.mjs';
import { Air } from '../../../tools/emulator/wifi/air.mjs';
import { Clock } from './driver.mjs';

const BOARD = addressBytes('192.168.4.1'), GIVEN = addressBytes('192.168.4.16'), BOARD_MAC = Buffer.from('28cdc1000001', 'hex');
const EVERYONE = addressBytes('255.255.255.255'), BROADCAST = Buffer.alloc(6, 0xff);

// A Pico's clock, whose time passes when the phone waits.
function pico() {
  const clock = new Clock();
  return {
    clock,
    yield() {},
    after(microseconds, callback) {
      const alarm = { cancelled: false, cancel: () => (alarm.cancelled = true) };
      clock.after(microseconds, () => alarm.cancelled || callback());
      return alarm;
    },
  };
}

/** The chip's program and the board behind it: *answer(datagram)* returns [port, data] or nothing. */
function board(answer = dhcp) {
  const made = { received: [], member: null };
  const give = (port, data) => {
    const segment = udpSegment(BOARD, EVERYONE, port.from, port.to, data);
    made.member.onFrame(ethernetFrame(BROADCAST, BOARD_MAC, 0x0800, ipPacket(UDP, BOARD, EVERYONE, segment)));
  };
  made.program = {
    admit(member, name, password) {
      if (name.toString() !== 'board' || password !== 'ten letters') throw new Error('wrong password');
      made.member = member;
    },
    dismiss() {
      made.member = null;
    },
    deliverFrom(member, bytes) {
      const frame = parseEthernet(bytes);
      made.received.push(frame);
      if (frame.type !== 0x0800 || !made.member) return;
      const datagram = parseUdp(parseIp(frame.packet).segment), data = answer(datagram);
      if (data) queueMicrotask(() => give({ from: datagram.destinationPort, to: datagram.sourcePort }, data));
    },
  };
  return made;
}

function dhcp({ destinationPort, data }) {
  if (destinationPort !== 67) return null;
  const { type, transaction, hardware } = parseDhcp(data);
  return dhcpMessage({
    type: type === 1 ? 2 : 5, transaction, hardware, address: GIVEN, options: { server: BOARD, router: BOARD, dns: BOARD },
  });
}

async function joined(answer) {
  const there = board(answer), time = pico(), phone = new Phone(time, there.program);
  await phone.join('board', 'ten letters');
  return { phone, there, time };
}

test('joining brings the address, the router and the DNS that the board gives', async () => {
  const { phone } = await joined();
  assert.deepEqual(phone.status(), { ssid: 'board', address: '192.168.4.16', router: '192.168.4.1', dns: '192.168.4.1', drops: 0 });
});

test('a board that gives no address is asked again, and given up', async () => {
  const there = board(() => null), time = pico(), phone = new Phone(time, there.program);
  const joining = phone.join('board', 'ten letters');
  time.clock.pass(10);
  await assert.rejects(joining, /gives no address/);
  assert.equal(there.received.length, 4);
});

test('a wrong password is an error', async () => {
  await assert.rejects(new Phone(pico(), board().program).join('board', 'ten numbers'), /wrong password/);
});

test('a name is looked up with the board\'s DNS, which is asked again if it does not answer', async () => {
  const asked = [];
  const { phone, time } = await joined((datagram) => {
    if (datagram.destinationPort !== 53) return dhcp(datagram);
    asked.push(datagram.data.toString('latin1', 12));
    if (asked.length === 1) return null;
    const answer = Buffer.concat([datagram.data, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 168, 4, 1])]);
    answer.writeUInt16BE(0x8180, 2);
    answer.writeUInt16BE(1, 6);
    return answer;
  });
  const looking = phone.lookUp('example.com');
  time.clock.pass(1.5);
  assert.deepEqual(await looking, ['192.168.4.1']);
  assert.deepEqual(asked, Array(2).fill('\x07example\x03com\x00\x00\x01\x00\x01'));
});

test('a datagram that is not answered is null, after a while', async () => {
  const { phone, time } = await joined();
  const answer = phone.exchange(Buffer.from('hello'), 4000);
  time.clock.pass(2);
  assert.equal(await answer, null);
});

test('a phone that loses the network knows no address, and whoever waits hears of it', async () => {
  const { phone, there } = await joined();
  const looking = phone.lookUp('example.com');
  there.member.onDropped();
  await assert.rejects(looking, /lost the network/);
  assert.deepEqual(phone.status(), { ssid: null, address: null, router: null, dns: null, drops: 1 });
  assert.throws(() => phone.exchange(Buffer.from('x'), 53), /in no network/);
  assert.equal((await phone.join('board', 'ten letters')).address, '192.168.4.16');
});

test('the phone answers for its own address', async () => {
  const { phone, there } = await joined();
  const ask = (text) => there.member.onFrame(ethernetFrame(BROADCAST, BOARD_MAC, 0x0806,
    arpPacket({ hardware: BOARD_MAC, address: BOARD }, { hardware: null, address: addressBytes(text) })));
  there.received.length = 0;
  ask('192.168.4.17');
  assert.deepEqual(there.received, []);
  ask('192.168.4.16');
  const answer = parseArp(there.received[0].packet);
  assert.deepEqual([answer.isRequest, answer.sender.hardware.equals(phone.hardware)], [false, true]);
});

test('a page of another address is not opened', async () => {
  const { phone } = await joined();
  await assert.rejects(phone.open('http://10.0.0.1/'), /leads to 192.168.4.1 only/);
});

test('answers of a DNS server: errors, other questions, several addresses', () => {
  const { query, identifier } = lookUpQuery('a.b');
  const answer = (code, ...records) => {
    const message = Buffer.concat([query, ...records]);
    message.writeUInt16BE(0x8180 | code, 2);
    message.writeUInt16BE(records.length, 6);
    return message;
  };
  const record = (type, ...data) => Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 1, 0, data.length, ...data]);
  assert.deepEqual(readAnswer(answer(0, record(5, 0xc0, 12), record(1, 10, 0, 0, 1), record(1, 10, 0, 0, 2)), identifier), ['10.0.0.1', '10.0.0.2']);
  assert.deepEqual(readAnswer(answer(0), identifier), []);
  assert.throws(() => readAnswer(answer(3), identifier), /error 3/);
  assert.throws(() => readAnswer(answer(0), identifier + 1), /another question/);
  assert.throws(() => lookUpQuery(`${'x'.repeat(64)}.com`), /not a host name/);
});

test('a scenario\'s events happen in the board\'s time, also after a reset', () => {
  const air = new Air(), resets = [];
  let started = 0, clock = new Clock();
  const fake = {
    get simulatedMicroseconds() {
      return started + clock.now;
    },
    after: (microseconds, callback) => clock.after(microseconds, callback),
    on: (event, callback) => resets.push(callback),
  };
  const events = [{ at: 10, ssid: 'a', channel: 2 }, { at: 20, ssid: 'a', channel: 3 }];
  play({ networks: [{ ssid: 'a', channel: 1 }], events }, air, fake);
  const channel = () => air.accessPoints[0].channel;
  clock.pass(11);
  assert.equal(channel(), 2);
  started = clock.now; // a reset: the clock begins anew, and what was scheduled is gone
  clock = new Clock();
  resets.forEach((callback) => callback());
  clock.pass(8);
  assert.equal(channel(), 2);
  clock.pass(2);
  assert.equal(channel(), 3);
});

for (const [what, scenario] of [
  ['an event of a network that is not there', { networks: [], events: [{ at: 1, ssid: 'a' }] }],
  ['an event without its time', { networks: [{ ssid: 'a' }], events: [{ ssid: 'a', present: false }] }],
  ['an event with a wrong value', { networks: [{ ssid: 'a' }], events: [{ at: 1, ssid: 'a', channel: 99 }] }],
]) {
  test(`${what} is refused at the start`, () => {
    assert.throws(() => play(scenario, new Air(), { on() {}, after() {}, simulatedMicroseconds: 0 }), /no network|"at"|"channel"/);
  });
}
