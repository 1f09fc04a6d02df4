// A PL011 UART (RP2040 datasheet 4.2) with real FIFOs, trigger levels and the receive timeout.
//
// It takes the place of the UART in rp2040js 1.4.1, which raises the transmit interrupt again at every register access,
// so that MicroPython's `machine.UART()` never leaves its interrupt handler, and which has neither trigger levels nor
// the receive timeout, so that `UART.irq(IRQ_RXIDLE)`, and `network.PPP` with it, never runs.

import { BasePeripheral, FIFO } from 'rp2040js';

const DR = 0x00, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34;
const IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, IDENTITY = 0xfe0;
const IDENTITY_BYTES = [0x11, 0x10, 0x34, 0x00, 0x0d, 0xf0, 0x05, 0xb1];

const BUSY = 1 << 3, RX_EMPTY = 1 << 4, TX_FULL = 1 << 5, RX_FULL = 1 << 6, TX_EMPTY = 1 << 7; // flags
const RX = 1 << 4, TX = 1 << 5, RX_TIMEOUT = 1 << 6; // interrupts
const FIFO_ENABLE = 1 << 4, FIFO_SIZE = 32;
const TRIGGER_LEVELS = [4, 8, 16, 24, 28];
const BITS_PER_BYTE = 10, TIMEOUT_BITS = 32;
const POLLING_GAP_NANOS = 20000; // flags read again within this time: the program waits for a byte
const DEFAULT_BIT_NANOS = 1e9 / 115200;

export class Pl011 extends BasePeripheral {
  constructor(mcu, name, irq) {
    super(mcu, name);
    this.irq = irq;
    this.clock = mcu.clock;
    this.onByte = () => {};
    this.received = new FIFO(FIFO_SIZE);
    this.integerDivisor = 0;
    this.fractionalDivisor = 0;
    this.lineControl = 0;
    this.control = 0x300;
    this.levels = 0x12;
    this.mask = 0;
    this.status = 0;
    this.line = []; // chunks on their way to the board
    this.lineOffset = 0;
    this.sentAt = 0; // when the last byte of the transmit FIFO will have left it, in ns
    this.polledNanos = 0; // how long the board's programs have waited for a byte by reading the flags in a loop
    this.foundEmptyAt = -Infinity;
    this.arrival = this.clock.createAlarm(() => this.#arrive());
    this.silence = this.clock.createAlarm(() => this.#raise(RX_TIMEOUT));
    this.drained = this.clock.createAlarm(() => this.#raise(TX));
  }

  get bitNanos() {
    const divisor = this.integerDivisor + this.fractionalDivisor / 64;
    return divisor ? (divisor * 16e9) / this.rp2040.clkPeri : DEFAULT_BIT_NANOS;
  }

  get byteNanos() {
    return this.bitNanos * BITS_PER_BYTE;
  }

  /** Puts bytes on the line to the board; they arrive at the programmed baud rate and never overrun its FIFO. */
  send(bytes) {
    if (!bytes.length) return;
    const idle = !this.line.length;
    this.line.push(bytes);
    if (idle) this.arrival.schedule(this.byteNanos);
  }

  /** rp2040js calls this when the peripheral clock changes; bitNanos reads the clock each time. */
  clkPeriChanged() {}

  #arrive() {
    if (!this.received.full) {
      const [chunk] = this.line;
      this.received.push(chunk[this.lineOffset++]);
      if (this.lineOffset === chunk.length) {
        this.line.shift();
        this.lineOffset = 0;
      }
      this.silence.schedule(this.bitNanos * TIMEOUT_BITS);
      if (this.received.itemCount >= this.#receiveLevel()) this.#raise(RX);
    }
    if (this.line.length) this.arrival.schedule(this.byteNanos);
  }

  #receiveLevel() {
    return this.lineControl & FIFO_ENABLE ? (TRIGGER_LEVELS[(this.levels >> 3) & 7] ?? 28) : 1;
  }

  #transmitLevel() {
    return this.lineControl & FIFO_ENABLE ? (TRIGGER_LEVELS[this.levels & 7] ?? 28) : 0;
  }

  #waitingToLeave() {
    return Math.max(0, Math.ceil((this.sentAt - this.clock.nanos) / this.byteNanos));
  }

  #raise(interrupt) {
    this.status |= interrupt;
    this.#updateInterrupt();
  }

  #updateInterrupt() {
    this.rp2040.setInterrupt(this.irq, Boolean(this.status & this.mask));
  }

  #flags() {
    const waiting = this.#waitingToLeave();
    if (this.received.empty) this.#notePolling();
    return (
      (waiting ? BUSY : TX_EMPTY) |
      (waiting >= FIFO_SIZE ? TX_FULL : 0) |
      (this.received.empty ? RX_EMPTY : 0) |
      (this.received.full ? RX_FULL : 0)
    );
  }

  #notePolling() {
    const { nanos } = this.clock, since = nanos - this.foundEmptyAt;
    if (since < POLLING_GAP_NANOS) this.polledNanos += since;
    this.foundEmptyAt = nanos;
  }

  #readData() {
    this.foundEmptyAt = -Infinity;
    const value = this.received.pull();
    if (this.received.itemCount < this.#receiveLevel()) this.status &= ~RX;
    if (this.received.empty) {
      this.status &= ~RX_TIMEOUT;
      this.silence.cancel();
    } else {
      this.silence.schedule(this.bitNanos * TIMEOUT_BITS);
    }
    this.#updateInterrupt();
    return value;
  }

  #writeData(value) {
    this.foundEmptyAt = -Infinity;
    const { nanos } = this.clock;
    this.sentAt = Math.max(this.sentAt, nanos) + this.byteNanos;
    this.status &= ~TX;
    this.#updateInterrupt();
    this.drained.schedule(Math.max(0, this.sentAt - nanos - this.#transmitLevel() * this.byteNanos));
    this.onByte(value & 0xff);
  }

  readUint32(offset) {
    switch (offset) {
      case DR:
        return this.#readData();
      case FR:
        return this.#flags();
      case IBRD:
        return this.integerDivisor;
      case FBRD:
        return this.fractionalDivisor;
      case LCR_H:
        return this.lineControl;
      case CR:
        return this.control;
      case IFLS:
        return this.levels;
      case IMSC:
        return this.mask;
      case RIS:
        return this.status;
      case MIS:
        return this.status & this.mask;
      default:
        return offset >= IDENTITY ? IDENTITY_BYTES[(offset - IDENTITY) >> 2] : 0;
    }
  }

  writeUint32(offset, value) {
    switch (offset) {
      case DR:
        return this.#writeData(value);
      case IBRD:
        this.integerDivisor = value & 0xffff;
        return;
      case FBRD:
        this.fractionalDivisor = value & 0x3f;
        return;
      case LCR_H:
        this.lineControl = value;
        return;
      case CR:
        this.control = value;
        return;
      case IFLS:
        this.levels = value;
        return;
      case IMSC:
        this.mask = value & 0x7ff;
        return this.#updateInterrupt();
      case ICR:
        this.status &= ~this.rawWriteValue;
        return this.#updateInterrupt();
    }
  }
}
