// What the programs that measure a framework on the emulated chip share.

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { boardFromOptions } from './command.mjs';
import { FLASH_BYTES } from './pico.mjs';

/** How long a board needs, in simulated time, to be done with a connection that its client has closed. */
export const SETTLE_MICROSECONDS = 400000;

/** Reads the program *name* for the board. */
export function script(name) {
  return fs.readFileSync(fileURLToPath(new URL(`board/${name}.py`, import.meta.url)), 'utf8');
}

/** Makes a board with *firmware* that has not started. *filesystem* is a file with the image of its filesystem. */
export function newBoard(firmware, { filesystem, verbose }) {
  const pico = boardFromOptions(firmware, { pace: 'Infinity', verbose });
  if (filesystem) {
    const image = fs.readFileSync(filesystem);
    pico.flash.set(image, FLASH_BYTES - image.length);
  }
  return pico;
}

/** The time in which the chip neither slept nor waited for a byte of the PPP line: network.PPP does so about 1 ms at a time. */
export function workingMicroseconds(pico) {
  return pico.busyMicroseconds - pico.uart[0].polledNanos / 1000;
}
