// The wires: transactions of a PIO's state machine, whose FIFOs hold four words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GspiPort } from '../../../tools/emulator/wifi/gspi.mjs';

const CTRL = 0, FDEBUG = 8, TX_STALL = 1 << 24, DATA_PIN = 24, CLOCK_PIN = 29;
const FOR_THE_CHIP = ((1 << 29) | (CLOCK_PIN << 10) | DATA_PIN) >>> 0;

class Fifo {
  words = [];

  get empty() {
    return !this.words.length;
  }

  get full() {
    return this.words.length === 4;
  }

  push(word) {
    if (!this.full) this.words.push(word >>> 0);
  }

  pull() {
    return this.words.shift() ?? 0;
  }
}

function machine(pinCtrl) {
  return {
    index: 0, pinCtrl, enabled: false, wrapBottom: 0, wrapTop: 3, x: 0, y: 0, steps: 0, txFIFO: new Fifo(), rxFIFO: new Fifo(),
    step() {
      this.steps++;
    },
    writeFIFO(word) {
      this.txFIFO.push(word);
    },
    readFIFO() {
      return this.rxFIFO.pull();
    },
    updateDMATx() {},
    updateDMARx() {},
  };
}

/** A PIO with one state machine, wired to a chip that answers with *answer*, and what the chip was sent. */
function wired(answer = Buffer.alloc(0), pinCtrl = FOR_THE_CHIP) {
  const sent = [], one = machine(pinCtrl);
  const pio = {
    machines: [one], fdebug: 0, runs: 0,
    run() {
      this.runs++;
    },
    writeUint32(offset, value) {
      if (offset === CTRL) one.enabled = Boolean(value & 1);
      if (offset === FDEBUG) this.fdebug = 0;
    },
  };
  const port = new GspiPort({ pio: [pio] }, (bytes, length) => {
    sent.push([bytes.toString('hex'), length]);
    return answer;
  });
  return { one, pio, port, sent };
}

function begin({ one, pio }, wordsOut, wordsIn) {
  one.x = 32 * wordsOut - 1;
  one.y = 32 * wordsIn - 1;
  one.wrapTop = wordsIn ? 5 : 1;
  pio.writeUint32(CTRL, 1);
}

test('a read takes the words sent and gives the answer, more than a FIFO holds', () => {
  const answer = Buffer.from('0102030405060708090a0b0c0d0e0f101112131415161718', 'hex');
  const wires = wired(answer);
  begin(wires, 1, 6);
  assert.deepEqual(wires.sent, []);
  wires.one.writeFIFO(0xa0b0c0d0);
  assert.deepEqual(wires.sent, [['a0b0c0d0', 24]]);
  const words = Array.from({ length: 6 }, () => wires.one.readFIFO());
  assert.deepEqual(words, [0x01020304, 0x05060708, 0x090a0b0c, 0x0d0e0f10, 0x11121314, 0x15161718]);
});

test('a write is over when all words have come, and says so as often as it is asked', () => {
  const wires = wired();
  begin(wires, 6, 0);
  for (let word = 1; word <= 5; word++) wires.one.writeFIFO(word);
  assert.deepEqual([wires.sent, wires.pio.fdebug], [[], 0]);
  wires.one.writeFIFO(6);
  assert.deepEqual(wires.sent, [['000000010000000200000003000000040000000500000006', 0]]);
  assert.equal(wires.pio.fdebug, TX_STALL);
  wires.pio.writeUint32(FDEBUG, TX_STALL);
  assert.equal(wires.pio.fdebug, TX_STALL);
});

test('each enabling is one transaction', () => {
  const wires = wired();
  for (let count = 0; count < 3; count++) {
    begin(wires, 1, 0);
    wires.one.writeFIFO(count);
    wires.pio.writeUint32(CTRL, 0);
  }
  assert.deepEqual([wires.port.count, wires.sent.length], [3, 3]);
  wires.one.writeFIFO(9);
  assert.equal(wires.sent.length, 3, 'a state machine that is not enabled sends nothing');
});

test('the program of the wires is not executed, that of other pins is', () => {
  const own = wired(), other = wired(Buffer.alloc(0), FOR_THE_CHIP & ~31);
  for (const wires of [own, other]) {
    begin(wires, 1, 0);
    wires.one.writeFIFO(1);
    wires.one.step();
    wires.pio.run();
  }
  assert.deepEqual([own.one.steps, own.pio.runs, own.sent.length], [0, 0, 1]);
  assert.deepEqual([other.one.steps, other.pio.runs, other.sent.length], [1, 1, 0]);
});
