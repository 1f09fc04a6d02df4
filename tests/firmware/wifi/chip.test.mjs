// The chip on its bus: word order, registers, the download, packets and credit.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BACKPLANE, BUS, Driver, WLAN, command, variable, words } from './driver.mjs';

test('the test register is read in the order of words that the chip starts with', () => {
  const { chip } = new Driver();
  const answer = chip.transfer(command(0, BUS, 0x14, 4).swap16(), 4);
  assert.equal(answer.swap16().readUInt32LE(0), 0xfeedbead);
});

test('words keep their order once the driver has asked for 32 bits', () => {
  const driver = new Driver().start();
  assert.equal(driver.read(BUS, 0x14, 4).readUInt32LE(0), 0xfeedbead);
  assert.equal(driver.read(BUS, 0, 4).readUInt32LE(0), 0x000004b3);
});

test('clocks are there once they are asked for, and a value written is read back', () => {
  const driver = new Driver().start();
  assert.equal(driver.read(BACKPLANE, 0x1000e, 1)[0], 0);
  driver.write(BACKPLANE, 0x1000e, Buffer.from([0x08]));
  assert.equal(driver.read(BACKPLANE, 0x1000e, 1)[0] & 0x40, 0x40);
  driver.write(BACKPLANE, 0x10008, Buffer.from([0x10]));
  assert.equal(driver.read(BACKPLANE, 0x10008, 1)[0], 0x10);
});

test('a chip that is to stay awake says that it is on', () => {
  const driver = new Driver().start();
  driver.write(BACKPLANE, 0x1001f, Buffer.from([1]));
  assert.equal(driver.read(BACKPLANE, 0x1001f, 1)[0], 3);
  driver.write(BACKPLANE, 0x1001f, Buffer.from([0]));
  assert.equal(driver.read(BACKPLANE, 0x1001f, 1)[0], 0);
});

// Moves the window to *address*; returns where in function 1 it is then.
function within(driver, address) {
  const window = [(address >>> 8) & 0x80, (address >>> 16) & 0xff, address >>> 24];
  window.forEach((byte, index) => driver.write(BACKPLANE, 0x1000a + index, Buffer.from([byte])));
  return 0x8000 | (address & 0x7fff);
}

function readWord(driver, address) {
  return driver.read(BACKPLANE, within(driver, address), 4).readUInt32LE(0);
}

function writeWord(driver, address, value) {
  driver.write(BACKPLANE, within(driver, address), words(value));
}

test('the program is downloaded, and its start brings the fast clock', () => {
  const driver = new Driver().start();
  for (let address = 0x7f00; address < 0x8100; address += 64) {
    driver.write(BACKPLANE, within(driver, address), Buffer.alloc(64, 1));
  }
  assert.equal(driver.chip.downloadedBytes, 512);
  assert.equal(readWord(driver, 0x18103800), 1, 'the core is held in reset');
  assert.equal(driver.read(BACKPLANE, 0x1000e, 1)[0], 0);
  writeWord(driver, 0x18103800, 0);
  assert.equal(readWord(driver, 0x18103800), 0);
  assert.equal(driver.read(BACKPLANE, 0x1000e, 1)[0], 0x80);
});

test('words of the memory are told apart by the window', () => {
  const driver = new Driver().start();
  writeWord(driver, 0x18002020, 7);
  writeWord(driver, 0x1800a020, 8);
  assert.equal(readWord(driver, 0x18002020), 7);
  assert.equal(readWord(driver, 0x1800a020), 8);
  assert.equal(readWord(driver, 0x18004020), 0);
});

test('a waiting packet wakes the driver until it is read, even if its interrupt is cleared', () => {
  const driver = new Driver().start();
  assert.equal(driver.awake, false);
  driver.chip.send(0, Buffer.from('packet'));
  assert.equal(driver.awake, true);
  assert.equal(driver.read(BUS, 0x08, 4).readUInt32LE(0), 0x20 | 0x100 | (18 << 9));
  assert.equal(driver.read(BUS, 0x04, 2).readUInt16LE(0), 0x20);
  driver.write(BUS, 0x04, Buffer.from([0x20, 0]));
  assert.equal(driver.awake, true);
  assert.equal(driver.read(WLAN, 0, 18).toString('latin1', 12), 'packet');
  assert.equal(driver.awake, false);
  assert.equal(driver.read(BUS, 0x08, 4).readUInt32LE(0), 0x20);
  assert.equal(driver.read(BUS, 0x04, 2).readUInt16LE(0), 0);
});

test('an answer has the identifier and the length of its request', () => {
  const driver = new Driver().start();
  const answer = driver.control(262, { payload: variable('nothing', Buffer.alloc(9)) });
  assert.equal(answer.identifier, driver.identifier);
  assert.deepEqual(answer.data, Buffer.alloc(17));
});

test('what was set is read back, by command and by name', () => {
  const driver = new Driver().start();
  driver.set(86, words(2));
  assert.equal(driver.get(85, 4).readUInt32LE(0), 2);
  driver.setVariable('pm2_sleep_ret', words(200));
  assert.equal(driver.getVariable('pm2_sleep_ret', 4).readUInt32LE(0), 200);
  assert.equal(driver.getVariable('cur_etheraddr', 6).toString('hex', 0, 6), '28cdc1000001');
});

test('the chip gives credit for more packets before the driver has used what it has', () => {
  const frames = [];
  const driver = new Driver({ onFrame: (frame) => frames.push(frame) }).start();
  driver.air.add({ ssid: 'open' });
  driver.join('open');
  driver.clock.pass(1);
  driver.poll();
  for (let count = 0; count < 600; count++) {
    assert.notEqual(driver.credit, driver.sequence, `no credit left after ${count} frames`);
    driver.frame(0, Buffer.alloc(60, count));
    driver.poll();
  }
  assert.equal(frames.length, 600);
});

test('a damaged packet is dropped', () => {
  const driver = new Driver().start();
  driver.write(WLAN, 0, Buffer.from([20, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0]));
  driver.write(WLAN, 0, Buffer.from([1, 2]));
  assert.equal(driver.poll(), null);
  assert.ok(driver.control(85, { payload: Buffer.alloc(4) }));
});

test('without power the chip forgets everything', () => {
  const driver = new Driver().start();
  driver.air.add({ ssid: 'home', password: 'correct horse' });
  driver.join('home', 'correct horse');
  driver.chip.powerOn();
  driver.program.powerOn();
  driver.clock.pass(10);
  assert.equal(driver.awake, false);
  assert.equal(driver.chip.transfer(command(0, BUS, 0x14, 4).swap16(), 4).swap16().readUInt32LE(0), 0xfeedbead);
});
