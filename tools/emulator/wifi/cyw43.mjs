// The CYW43439 of a Pico W as its driver sees it on the bus: registers, memory, and two queues of packets.
//
// The chip has three functions: 0 is the bus itself, 1 the backplane (the chip's cores and memory, through a window of
// 32 KiB), 2 the queues of packets. The driver starts the chip by downloading a program into it; here the download is
// counted and forgotten, and `WlanProgram` (program.mjs) is the program.

import { unwrap, wrap } from './packets.mjs';

const BUS = 0, BACKPLANE = 1, WLAN = 2;
const BUS_CONTROL = 0x00, INTERRUPT = 0x04, STATUS = 0x08, TEST = 0x14, BUS_REGISTERS = 0x24;
const TEST_PATTERN = 0xfeedbead, CONTROL_32_BIT_WORDS = 0x01;
const STATUS_READY = 0x20, STATUS_PACKET = 0x100, STATUS_LENGTH_SHIFT = 9, INTERRUPT_PACKET = 0x20;

const WINDOW = [0x1000a, 0x1000b, 0x1000c], CLOCK = 0x1000e, SLEEP = 0x1001f;
const CLOCK_REQUESTS = { 0x08: 0x40, 0x10: 0x80 }, FAST_CLOCK = 0x80; // request: what the chip then reports
const KEEP_ON = 0x01, IS_ON = 0x02;
const BACKPLANE_ACCESS = 0x8000, BACKPLANE_MASK = 0x7fff, READ_PADDING = 16; // bytes that come before what was asked for
const ARM_RESET = 0x18103800, MEMORY_RESET = 0x18104800, IN_RESET = 1;

const MOST_CREDIT = 9; // packets that the driver may send before it hears of more
const LEAST_CREDIT = 5;

export class Cyw43 {
  /** *setWake(on)* drives the wire that wakes the driver; *onPacket(channel, body)* is the program. */
  constructor({ setWake, onPacket = () => {} }) {
    this.setWake = setWake;
    this.onPacket = onPacket;
    this.powerOn();
  }

  /** Forgets everything, as when the power was off. */
  powerOn() {
    this.downloadedBytes = 0;
    this.wideWords = false;
    this.registers = Buffer.alloc(BUS_REGISTERS);
    this.backplane = new Map(); // function 1's own registers
    this.memory = new Map([[ARM_RESET, IN_RESET], [MEMORY_RESET, IN_RESET]]); // words behind the window
    this.window = 0;
    this.clocks = 0;
    this.queue = [];
    this.sequence = 0;
    this.received = 0; // the sequence number that the driver's next packet will have
    this.credit = 0;
    this.#showState();
  }

  /** One transaction: the command word and what is written; returns the answer, *answerLength* bytes. */
  transfer(sent, answerLength) {
    this.#order(sent);
    const command = sent.readUInt32LE(0), size = command & 0x7ff;
    const where = { function: (command >>> 28) & 3, address: (command >>> 11) & 0x1ffff };
    const answer = Buffer.alloc(answerLength);
    if (command >>> 31) {
      this.#write(where, sent.subarray(4, 4 + size));
      return answer;
    }
    this.#read(where, size).copy(answer, where.function === BACKPLANE ? READ_PADDING : 0);
    return this.#order(answer);
  }

  // Until the driver has asked for words of 32 bits, the halves of each word hold their bytes the other way round.
  #order(bytes) {
    return this.wideWords ? bytes : bytes.swap16();
  }

  #read({ function: number, address }, size) {
    if (number === WLAN) return this.#nextPacket().subarray(0, size);
    if (number === BUS) return this.#readBus(address, size);
    const value = Buffer.alloc(size);
    if (address < 0x10000) value.writeUIntLE(this.memory.get(this.#behindWindow(address)) ?? 0, 0, Math.min(size, 4));
    else value[0] = (this.backplane.get(address) ?? 0) | (address === CLOCK ? this.clocks : 0);
    return value;
  }

  #write({ function: number, address }, data) {
    if (number === WLAN) this.#receive(data);
    else if (number === BUS) this.#writeBus(address, data);
    else if (address < 0x10000) this.#writeMemory(this.#behindWindow(address), data);
    else this.#writeBackplane(address, data[0]);
  }

  #readBus(address, size) {
    if (address !== TEST) return this.registers.subarray(address, address + size);
    const pattern = Buffer.alloc(4);
    pattern.writeUInt32LE(TEST_PATTERN);
    return pattern.subarray(0, size);
  }

  #writeBus(address, data) {
    if (address === INTERRUPT) {
      data.forEach((byte, index) => (this.registers[address + index] &= ~byte)); // a one clears
      this.#showState();
      return;
    }
    data.copy(this.registers, address);
    if (address === BUS_CONTROL && data[0] & CONTROL_32_BIT_WORDS) this.wideWords = true;
  }

  #behindWindow(address) {
    return (this.window + (address & BACKPLANE_MASK & ~3)) >>> 0;
  }

  #writeMemory(address, data) {
    if (data.length > 4) {
      this.downloadedBytes += data.length;
      return;
    }
    this.memory.set(address, data.readUIntLE(0, data.length));
    if (address === ARM_RESET && !(data[0] & IN_RESET)) this.clocks |= FAST_CLOCK; // the program has started
  }

  #writeBackplane(address, value) {
    const byte = WINDOW.indexOf(address);
    if (byte >= 0) {
      const shift = 8 * (byte + 1);
      this.window = ((this.window & ~(0xff << shift)) | (value << shift)) >>> 0;
    } else if (address === CLOCK) {
      for (const [request, clock] of Object.entries(CLOCK_REQUESTS)) this.clocks |= value & request ? clock : 0;
    } else if (address === SLEEP) {
      value = value & KEEP_ON ? value | IS_ON : value & ~IS_ON;
    }
    this.backplane.set(address, value);
  }

  /** Queues a packet for the driver. */
  send(channel, body) {
    this.credit = (this.received + MOST_CREDIT) & 0xff;
    this.queue.push(wrap(channel, body, { sequence: this.sequence++ & 0xff, credit: this.credit }));
    this.#showState();
  }

  #receive(bytes) {
    const packet = unwrap(Buffer.from(bytes));
    if (!packet) return;
    this.received = (packet.sequence + 1) & 0xff;
    this.onPacket(packet.channel, packet.body);
    // an empty packet brings nothing but credit
    if (((this.credit - this.received) & 0xff) < LEAST_CREDIT) this.send(packet.channel, Buffer.alloc(0));
  }

  #nextPacket() {
    const packet = this.queue.shift() ?? Buffer.alloc(0);
    this.#showState();
    return packet;
  }

  #showState() {
    const [next] = this.queue;
    const status = STATUS_READY | (next ? STATUS_PACKET | (next.length << STATUS_LENGTH_SHIFT) : 0);
    this.registers.writeUInt32LE(status, STATUS);
    if (next) this.registers[INTERRUPT] |= INTERRUPT_PACKET;
    else this.registers[INTERRUPT] &= ~INTERRUPT_PACKET;
    this.setWake(Boolean(next));
  }
}
