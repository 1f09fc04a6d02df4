// The ring oscillator's random bit (RP2040 datasheet 2.17.5), from which MicroPython and mbedTLS draw all their entropy.
//
// rp2040js 1.4.1 has no ring oscillator, and reads ones everywhere. The bits here are the same in every run, as
// measurements need them: nothing secret may depend on an emulated board.

import { BasePeripheral } from 'rp2040js';

const RANDOM_BIT = 0x1c, UNKNOWN = 0xffffffff;

export class Rosc extends BasePeripheral {
  #state = 0x2545f491;

  readUint32(offset) {
    if (offset !== RANDOM_BIT) return UNKNOWN;
    this.#state ^= this.#state << 13; // xorshift32
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 15) & 1;
  }

  writeUint32() {}
}
