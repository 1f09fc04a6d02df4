// What the emulator's command lines share.

import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { Pico } = await import('./pico.mjs').catch(() => fail('no rp2040js; run: python3 tools/emulator/setup.py'));
const BOOTROM = fileURLToPath(new URL('../../.cache/emulator/bootrom-b1.bin', import.meta.url));
const BOARD_OPTIONS = { pace: { type: 'string' }, flash: { type: 'string' }, verbose: { type: 'boolean' } };

/** Ends the program with one line on standard error. */
export function fail(message) {
  process.stderr.write(`emulator: ${message}\n`);
  process.exit(2);
}

/** Reads a program for the board. */
export function readScript(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    return fail(error.message);
  }
}

/** Reads the command line: *files* positional arguments, the board's options and *options*. */
export function parseCommand(usage, files, options) {
  try {
    const parsed = parseArgs({ allowPositionals: true, options: { ...BOARD_OPTIONS, ...options } });
    if (parsed.positionals.length === files) return parsed;
  } catch (error) {
    fail(`${error.message}; usage: ${usage}`);
  }
  return fail(`usage: ${usage}`);
}

// A process of another user is running, too, although it may not be asked.
function isRunning(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// Two emulators with one file would each overwrite what the other one keeps. The lock of a process that was killed stays.
function lock(file) {
  const name = `${file}.lock`;
  for (;;) {
    try {
      fs.writeFileSync(name, `${process.pid}\n`, { flag: 'wx' });
      return () => fs.rmSync(name, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') fail(error.message);
    }
    const owner = Number(fs.readFileSync(name, 'utf8'));
    if (isRunning(owner)) {
      fail(`${file} is in use by process ${owner}: end that emulator, or name another file; if it is none, delete ${name}`);
    }
    fs.rmSync(name, { force: true });
  }
}

/** Makes the board from a UF2 file and the options; what it writes to its flash goes to `flash` at the end. */
export function boardFromOptions(firmware, { pace = '1', flash = null, verbose = false }) {
  if (!fs.existsSync(BOOTROM)) fail('no boot ROM; run: python3 tools/emulator/setup.py');
  if (!(Number(pace) > 0)) fail(`--pace must be a positive number or Infinity, not ${pace}`);
  if (flash) process.on('exit', lock(flash));
  let pico;
  try {
    pico = Pico.fromFiles({ firmware, bootrom: BOOTROM, flash, pace: Number(pace), verbose });
  } catch (error) {
    fail(error.message);
  }
  if (flash) process.prependListener('exit', () => fs.writeFileSync(flash, pico.flash));
  pico.on('fault', (error) => fail(`the board stopped: ${error.message}`));
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));
  return pico;
}
