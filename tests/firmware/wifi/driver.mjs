// A driver for the tests: it speaks to the model of the Wi-Fi chip in the transactions that the chip's real driver makes.

import { Air } from '../../../tools/emulator/wifi/air.mjs';
import { Cyw43 } from '../../../tools/emulator/wifi/cyw43.mjs';
import { ACCESS_POINT, CONTROL, DATA, EVENT, STATION } from '../../../tools/emulator/wifi/packets.mjs';
import { WlanProgram } from '../../../tools/emulator/wifi/program.mjs';

export const BUS = 0, BACKPLANE = 1, WLAN = 2;
const READ_PADDING = 16, HEADERS = { [CONTROL]: 16, [EVENT]: 4 + 14 + 10, [DATA]: 4 };

/** A clock that stands until a test lets time pass. */
export class Clock {
  now = 0;
  #alarms = [];

  after = (microseconds, callback) => {
    this.#alarms.push({ at: this.now + microseconds, callback });
  };

  pass(seconds) {
    const end = this.now + seconds * 1e6;
    for (;;) {
      this.#alarms.sort((a, b) => a.at - b.at);
      if (!this.#alarms.length || this.#alarms[0].at > end) break;
      const { at, callback } = this.#alarms.shift();
      this.now = at;
      callback();
    }
    this.now = end;
  }
}

export function command(write, fn, address, size) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(((write << 31) | (1 << 30) | (fn << 28) | (address << 11) | size) >>> 0);
  return bytes;
}

const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);

export function words(...values) {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value >>> 0, 4 * index));
  return bytes;
}

export const variable = (name, value = Buffer.alloc(0)) => Buffer.concat([Buffer.from(`${name}\0`), value]);
export const named = (text, length = 32) => {
  const name = Buffer.from(text);
  return Buffer.concat([words(name.length), name, Buffer.alloc(length - name.length)]);
};

export function passphrase(text) {
  const bytes = Buffer.alloc(68);
  bytes.writeUInt16LE(Buffer.byteLength(text), 0);
  bytes.writeUInt16LE(1, 2);
  bytes.write(text, 4);
  return bytes;
}

export class Driver {
  awake = false;
  sequence = 0;
  credit = 1;
  identifier = 0;
  events = [];
  frames = [];

  constructor({ air = new Air(), clock = new Clock(), ...callbacks } = {}) {
    this.air = air;
    this.clock = clock;
    this.chip = new Cyw43({
      setWake: (on) => {
        this.awake = on;
      },
      onPacket: (channel, body) => this.program.receive(channel, body),
    });
    this.program = new WlanProgram({
      air, after: clock.after, send: (channel, body) => this.chip.send(channel, body), ...callbacks,
    });
  }

  // ---- transactions

  read(fn, address, size) {
    const padding = fn === BACKPLANE ? READ_PADDING : 0;
    const answer = this.chip.transfer(command(0, fn, address, size), padding + ((size + 3) & ~3));
    return answer.subarray(padding, padding + size);
  }

  write(fn, address, data) {
    this.chip.transfer(Buffer.concat([command(1, fn, address, data.length), padded(data)]), 0);
  }

  /** Asks for words of 32 bits, as the driver does first; the halves of each word are exchanged until then. */
  start() {
    this.chip.transfer(Buffer.concat([command(1, BUS, 0, 4), words(0x000004b3)]).swap16(), 0);
    return this;
  }

  /** Takes the packets that wait: events and frames are kept, the answer to a control request is returned. */
  poll() {
    let answer = null;
    while (this.awake) {
      const status = this.read(BUS, 0x08, 4).readUInt32LE(0), packet = this.read(WLAN, 0, (status >>> 9) & 0x7ff);
      const channel = packet[5] & 15;
      this.credit = packet[9];
      if (packet.length === 12) continue;
      const body = packet.subarray(packet[7]), content = body.subarray(HEADERS[channel]);
      if (channel === CONTROL) answer = { identifier: body.readUInt16LE(10), data: content };
      else if (channel === EVENT) this.events.push(readEvent(content));
      else this.frames.push({ interface: body[2], frame: content });
    }
    return answer;
  }

  #send(channel, padding, body) {
    const header = Buffer.alloc(12 + padding);
    header.writeUInt16LE(header.length + body.length, 0);
    header.writeUInt16LE(~(header.length + body.length) & 0xffff, 2);
    header[4] = this.sequence;
    header[5] = channel;
    header[7] = header.length;
    this.sequence = (this.sequence + 1) & 0xff;
    this.write(WLAN, 0, padded(Buffer.concat([header, body])));
  }

  control(number, { set = false, payload = Buffer.alloc(0), interface: which = STATION } = {}) {
    const header = words(number, payload.length, (++this.identifier << 16) | (which << 12) | (set ? 2 : 0), 0);
    this.#send(CONTROL, 0, Buffer.concat([header, payload]));
    return this.poll();
  }

  set(number, payload, which = STATION) {
    return this.control(number, { set: true, payload, interface: which });
  }

  get(number, length) {
    return this.control(number, { payload: Buffer.alloc(length) }).data;
  }

  setVariable(name, value, which = STATION) {
    return this.set(263, variable(name, value), which);
  }

  getVariable(name, length) {
    return this.control(262, { payload: variable(name, Buffer.alloc(length)) }).data;
  }

  frame(which, bytes) {
    this.#send(DATA, 2, Buffer.concat([Buffer.from([0x20, 0, which, 0]), bytes]));
  }

  // ---- what the driver does to join a network and to be one

  join(ssid, password = null) {
    this.set(134, words(password === null ? 0 : 4));
    if (password !== null) this.set(268, passphrase(password));
    this.set(26, named(ssid));
  }

  openAccessPoint(ssid, password = null, channel = 1) {
    this.setVariable('bsscfg:ssid', Buffer.concat([words(ACCESS_POINT), named(ssid)]));
    this.set(30, words(channel));
    this.setVariable('bsscfg:wsec', words(ACCESS_POINT, password === null ? 0 : 0x00400004));
    if (password !== null) this.set(268, passphrase(password), ACCESS_POINT);
    this.setAccessPoint(true);
  }

  setAccessPoint(up) {
    this.setVariable('bss', words(ACCESS_POINT, up ? 1 : 0));
  }

  /** The names of the events since the last call. */
  takeEvents() {
    this.poll();
    return this.events.splice(0);
  }
}

function readEvent(event) {
  return {
    type: event.readUInt32BE(4),
    status: event.readUInt32BE(8),
    reason: event.readUInt32BE(12),
    flags: event.readUInt16BE(2),
    interface: event[46],
    address: event.toString('hex', 24, 30),
    data: event.subarray(48),
  };
}
