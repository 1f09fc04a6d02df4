// The station: scans, joins, losses; and the network that a joined network leads to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UDP, ipPacket, parseIp, parseUdp, udpSegment } from '../../../tools/emulator/ip.mjs';
import { dhcpMessage, parseDhcp } from '../../../tools/emulator/wifi/dhcp.mjs';
import { addressBytes, arpPacket, ethernetFrame, parseArp, parseEthernet } from '../../../tools/emulator/wifi/ethernet.mjs';
import { Lan } from '../../../tools/emulator/wifi/lan.mjs';
import { BOARD_MAC } from '../../../tools/emulator/wifi/program.mjs';
import { Driver, named, words } from './driver.mjs';

const SET_SSID = 0, AUTH = 3, ASSOC = 7, DISASSOC = 11, LINK = 16, KEYS = 46, SCAN = 69;
const HOME = { ssid: 'home', password: 'correct horse', channel: 6, strength: -50 };

function started(...networks) {
  const driver = new Driver().start();
  for (const network of networks) driver.air.add(network);
  return driver;
}

function joined(...networks) {
  const driver = started(...networks);
  driver.join(networks[0].ssid, networks[0].password ?? null);
  driver.clock.pass(1);
  driver.takeEvents();
  assert.equal(driver.program.station.network?.ssid.toString(), networks[0].ssid);
  return driver;
}

const kinds = (events) => events.map(({ type, status, reason, flags }) => [type, status, reason, flags]);

test('the right password brings the events of a join, in their order and not at once', () => {
  const driver = started(HOME);
  driver.join('home', 'correct horse');
  assert.deepEqual(driver.takeEvents(), []);
  driver.clock.pass(1);
  assert.deepEqual(kinds(driver.takeEvents()),
    [[AUTH, 0, 0, 0], [ASSOC, 0, 0, 0], [LINK, 0, 0, 1], [SET_SSID, 0, 0, 0], [KEYS, 6, 0, 0]]);
  assert.equal(driver.get(23, 6).toString('hex'), driver.air.accessPoints[0].address.toString('hex'));
  assert.deepEqual(driver.get(25, 36).subarray(0, 8), Buffer.concat([words(4), Buffer.from('home')]));
  assert.equal(driver.get(127, 4).readInt32LE(0), -50);
  assert.equal(driver.get(29, 12).readUInt32LE(0), 6);
});

test('an open network asks for no keys', () => {
  const driver = joined({ ssid: 'cafe' });
  assert.equal(driver.get(29, 12).readUInt32LE(0), 6);
});

test('a wrong password fails the handshake', () => {
  const driver = started(HOME);
  driver.join('home', 'wrong horse');
  driver.clock.pass(1);
  const events = driver.takeEvents();
  assert.deepEqual(kinds(events).at(-1), [KEYS, 8, 14, 0]);
  assert.equal(driver.program.station.network, null);
});

for (const [text, isRight] of [
  ['seven77', false], ['eight888', true], ['pässwört', true], ['x'.repeat(63), true], ['x'.repeat(64), false],
  ['a'.repeat(64), true],
]) {
  test(`a passphrase of ${text.length} ${text[0]} is ${isRight ? 'taken' : 'no passphrase'}`, () => {
    const driver = started({ ssid: 'home', password: text });
    driver.join('home', text);
    driver.clock.pass(1);
    assert.equal(driver.takeEvents().at(-1).status, isRight ? 6 : 8);
  });
}

for (const [name, network, password] of [
  ['that is not there', { ...HOME, ssid: 'other' }, 'correct horse'],
  ['that is switched off', { ...HOME, present: false }, 'correct horse'],
  ['that is open, with a password', { ssid: 'home' }, 'correct horse'],
  ['that wants a password, without one', HOME, null],
]) {
  test(`a network ${name}, is not found`, () => {
    const driver = started(network);
    driver.join('home', password);
    driver.clock.pass(2);
    assert.deepEqual(kinds(driver.takeEvents()), [[SET_SSID, 3, 0, 0]]);
  });
}

test('a join is tried once: a network that comes later is not joined', () => {
  const driver = started({ ...HOME, present: false });
  driver.join('home', 'correct horse');
  driver.clock.pass(2);
  driver.takeEvents();
  driver.air.change({ ssid: 'home', present: true });
  driver.clock.pass(60);
  assert.deepEqual(driver.takeEvents(), []);
  driver.join('home', 'correct horse');
  driver.clock.pass(1);
  assert.equal(driver.takeEvents().at(-1).status, 6);
});

test('a later join takes the place of one that goes on', () => {
  const driver = started(HOME, { ssid: 'cafe' });
  driver.join('home', 'correct horse');
  driver.clock.pass(0.1);
  driver.join('cafe');
  driver.clock.pass(2);
  driver.takeEvents();
  assert.equal(driver.program.station.network.ssid.toString(), 'cafe');
});

test('of two access points of one name the stronger one is joined', () => {
  const driver = started({ ...HOME, strength: -80, channel: 1 }, { ...HOME, strength: -40, channel: 11 });
  driver.join('home', 'correct horse');
  driver.clock.pass(1);
  driver.poll();
  assert.equal(driver.program.channel, 11);
});

test('a network that says goodbye ends the association', () => {
  const driver = joined(HOME);
  driver.air.change({ ssid: 'home', present: false });
  assert.deepEqual(kinds(driver.takeEvents()), [[LINK, 0, 1, 0], [DISASSOC, 0, 3, 0]]);
  driver.air.change({ ssid: 'home', present: true });
  driver.clock.pass(60);
  assert.deepEqual(driver.takeEvents(), [], 'the chip does not join again by itself');
});

test('a network that falls silent takes the link down some seconds later', () => {
  const frames = [];
  const driver = joined({ ...HOME, goodbye: false });
  driver.program.onFrame = (frame) => frames.push(frame);
  driver.air.change({ ssid: 'home', present: false });
  driver.frame(0, Buffer.alloc(60));
  driver.program.deliver(Buffer.alloc(60));
  driver.clock.pass(4);
  assert.deepEqual(driver.takeEvents(), []);
  assert.deepEqual([frames, driver.frames], [[], []], 'nothing arrives');
  driver.clock.pass(2);
  assert.deepEqual(kinds(driver.takeEvents()), [[LINK, 0, 1, 0]]);
});

test('a short silence is not noticed', () => {
  const driver = joined({ ...HOME, goodbye: false });
  driver.air.change({ ssid: 'home', present: false });
  driver.clock.pass(3);
  driver.air.change({ ssid: 'home', present: true });
  driver.clock.pass(10);
  assert.deepEqual(driver.takeEvents(), []);
  driver.program.deliver(Buffer.alloc(60, 5));
  driver.poll();
  assert.deepEqual(driver.frames, [{ interface: 0, frame: Buffer.alloc(60, 5) }]);
});

test('the station follows a network to another channel', () => {
  const driver = joined(HOME);
  driver.air.change({ ssid: 'home', channel: 11 });
  assert.equal(driver.get(29, 12).readUInt32LE(0), 11);
  assert.deepEqual(driver.takeEvents(), []);
});

test('leaving takes the link down', () => {
  const driver = joined(HOME);
  driver.set(52, Buffer.alloc(0));
  assert.deepEqual(kinds(driver.takeEvents()), [[DISASSOC, 0, 0, 0], [LINK, 0, 0, 0]]);
  driver.set(52, Buffer.alloc(0));
  assert.deepEqual(driver.takeEvents(), []);
});

function scanned(driver, name = '') {
  driver.setVariable('escan', Buffer.concat([words(1, 1), named(name), Buffer.alloc(28)]));
  driver.clock.pass(1);
  assert.deepEqual(driver.takeEvents(), [], 'a scan takes more than a second');
  driver.clock.pass(1);
  const events = driver.takeEvents();
  assert.deepEqual([events.at(-1).type, events.at(-1).status], [SCAN, 0]);
  return events.slice(0, -1).map(({ status, data }) => {
    const bss = data.subarray(12), elements = bss.readUInt32LE(120);
    assert.equal(status, 8);
    assert.equal(data.readUInt32LE(0), data.length);
    assert.ok(bss.readUInt16LE(116) + elements <= bss.readUInt32LE(4), 'elements lie within the record');
    return {
      ssid: bss.toString('latin1', 19, 19 + bss[18]), channel: bss.readUInt16LE(72), strength: bss.readInt16LE(78),
      isPrivate: Boolean(bss.readUInt16LE(16) & 0x10), element: elements ? bss[bss.readUInt16LE(116)] : null,
    };
  });
}

test('a scan finds what can be heard, the strongest first', () => {
  const driver = started(HOME, { ssid: 'cafe', strength: -30, channel: 1 }, { ssid: 'off', present: false },
    { ssidHex: '00ff0a', strength: -90 }, { ssid: 'secret', hidden: true, strength: -95 });
  assert.deepEqual(scanned(driver), [
    { ssid: 'cafe', channel: 1, strength: -30, isPrivate: false, element: null },
    { ssid: 'home', channel: 6, strength: -50, isPrivate: true, element: 48 },
    { ssid: '\x00\xff\n', channel: 6, strength: -90, isPrivate: false, element: null },
    { ssid: '', channel: 6, strength: -95, isPrivate: false, element: null },
  ]);
  assert.deepEqual(scanned(driver, 'secret').map(({ ssid }) => ssid), ['secret']);
});

test('sixty networks are found', () => {
  const driver = started(...Array.from({ length: 60 }, (_, index) => ({ ssid: `network ${index}`, strength: -index })));
  assert.deepEqual(scanned(driver).map(({ ssid }) => ssid), Array.from({ length: 60 }, (_, index) => `network ${index}`));
});

test('the LED of the board is a pin of the chip', () => {
  const driver = started();
  driver.setVariable('gpioout', words(1, 1));
  assert.equal(driver.program.led, true);
  assert.equal(driver.getVariable('ccgpioin', 4).readUInt32LE(0), 1);
  driver.setVariable('gpioout', words(1, 0));
  assert.equal(driver.program.led, false);
});

for (const [what, wrong] of [
  ['a name', {}], ['a short name', { ssid: '' }], ['32 bytes', { ssid: 'x'.repeat(33) }], ['hexadecimal', { ssidHex: 'zz' }],
  ['one name', { ssid: 'a', ssidHex: '61' }], ['a password', { ssid: 'a', password: 5 }], ['a channel', { ssid: 'a', channel: 0 }],
  ['a strength', { ssid: 'a', strength: 1 }], ['a known property', { ssid: 'a', colour: 'red' }], ['a switch', { ssid: 'a', present: 1 }],
]) {
  test(`a network without ${what} is refused`, () => {
    const { air } = new Driver();
    assert.throws(() => air.add(wrong), /name|must be|has no|hexadecimal/);
    assert.deepEqual(air.accessPoints, []);
  });
}

// ---- the network behind it

function lan(network = { dhcp: true }) {
  const sent = [], packets = [], states = [];
  const made = new Lan({
    local: '10.64.0.1', remote: '10.64.0.2', write: (frame) => sent.push(parseEthernet(frame)),
    onPacket: (packet) => packets.push(packet), onUp: () => states.push('up'), onDown: () => states.push('down'),
  });
  made.joined(network);
  return { lan: made, sent, packets, states };
}

const EVERYONE = addressBytes('255.255.255.255'), NOBODY = addressBytes('0.0.0.0'), BROADCAST = Buffer.alloc(6, 0xff);

function dhcp(to, type, options = {}) {
  const message = dhcpMessage({ type, transaction: 77, hardware: BOARD_MAC, options });
  const packet = ipPacket(UDP, NOBODY, EVERYONE, udpSegment(NOBODY, EVERYONE, 68, 67, message));
  to.lan.receive(ethernetFrame(BROADCAST, BOARD_MAC, 0x0800, packet));
  const answer = to.sent.pop();
  return answer && parseDhcp(parseUdp(parseIp(answer.packet).segment).data);
}

test('the router gives the board its address, in two steps', () => {
  const to = lan();
  const offer = dhcp(to, 1);
  assert.deepEqual([offer.type, offer.address.join('.'), offer.transaction], [2, '10.64.0.2', 77]);
  assert.deepEqual(to.states, []);
  const ack = dhcp(to, 3, { requested: offer.address });
  assert.equal(ack.type, 5);
  assert.equal(ack.options.router.join('.'), '10.64.0.1');
  assert.equal(ack.options.dns.join('.'), '10.64.0.1');
  assert.deepEqual(to.states, ['up']);
});

test('another address than the router gives is refused', () => {
  assert.equal(dhcp(lan(), 3, { requested: addressBytes('192.168.4.16') }).type, 6);
});

test('a router without DHCP gives nothing', () => {
  const to = lan({ dhcp: false });
  assert.equal(dhcp(to, 1), undefined);
  assert.deepEqual(to.states, []);
});

test('an address that the board has chosen itself is used', () => {
  const to = lan({ dhcp: false });
  const chosen = addressBytes('10.64.0.77');
  to.lan.receive(ethernetFrame(BROADCAST, BOARD_MAC, 0x0806,
    arpPacket({ hardware: BOARD_MAC, address: chosen }, { hardware: null, address: addressBytes('10.64.0.1') })));
  const answer = parseArp(to.sent.pop().packet);
  assert.deepEqual([answer.isRequest, answer.sender.address.join('.'), answer.target.address.join('.')], [false, '10.64.0.1', '10.64.0.77']);
  assert.deepEqual([to.states, to.lan.remote.join('.')], [['up'], '10.64.0.77']);
});

test('packets go both ways while the board is joined, and no longer', () => {
  const to = lan();
  dhcp(to, 3, { requested: addressBytes('10.64.0.2') });
  const packet = ipPacket(UDP, to.lan.remote, to.lan.local, udpSegment(to.lan.remote, to.lan.local, 5, 6, Buffer.from('hello')));
  to.lan.receive(ethernetFrame(BROADCAST, BOARD_MAC, 0x0800, packet));
  assert.deepEqual(to.packets, [packet]);
  to.lan.send(packet);
  assert.equal(to.sent.pop().destination.toString('hex'), BOARD_MAC.toString('hex'));
  to.lan.reset();
  to.lan.send(packet);
  to.lan.receive(ethernetFrame(BROADCAST, BOARD_MAC, 0x0800, packet));
  assert.deepEqual([to.packets.length, to.sent.length, to.states], [1, 0, ['up', 'down']]);
});
