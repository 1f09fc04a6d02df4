// The wires between the RP2040 of a Pico W and its Wi-Fi chip: gSPI, a half-duplex SPI that the driver runs with a state
// machine of a PIO.
//
// The driver enables its state machine once for each transaction. Before that it has put into X the number of bits that
// it will send, less one, and into Y the number of bits that it expects as an answer. The PIO's program is not executed
// here: the words come out of the transmit FIFO, the chip answers, and the answer goes into the receive FIFO.

const DATA_PIN = 24, CLOCK_PIN = 29;
const CTRL = 0x000, FDEBUG = 0x008, TX_STALL = 1 << 24; // registers of a PIO (RP2040 datasheet, 3.7)
const LONGEST_WRITE_PROGRAM = 2; // instructions; the part of the driver's program that also reads is longer

const drivesTheChip = ({ pinCtrl }) =>
  (pinCtrl & 31) === DATA_PIN && ((pinCtrl >> 10) & 31) === CLOCK_PIN && pinCtrl >>> 29 === 1;
const wordsOfBits = (bitsLessOne) => ((bitsLessOne + 1) >>> 0) >>> 5;

/** The level of the data pin tells the driver that the chip has something to say. */
export function wakePin(mcu) {
  return mcu.gpio[DATA_PIN];
}

export class GspiPort {
  #transactions = new Map(); // by state machine, while it is enabled

  /** *transfer(sent, answerLength)* is the chip: it gets a Buffer and returns one of *answerLength* bytes. */
  constructor(mcu, transfer) {
    this.transfer = transfer;
    this.count = 0;
    for (const pio of mcu.pio) {
      for (const machine of pio.machines) this.#tap(pio, machine);
      this.#watchControl(pio);
    }
  }

  // Takes part in what the driver, or its DMA, does with the FIFOs of a state machine.
  #tap(pio, machine) {
    const { step, writeFIFO, readFIFO } = machine;
    machine.step = () => {
      if (machine.enabled && !this.#transactions.has(machine)) step.call(machine);
    };
    machine.writeFIFO = (value) => {
      writeFIFO.call(machine, value);
      this.#proceed(pio, machine);
    };
    machine.readFIFO = () => {
      const value = readFIFO.call(machine);
      this.#proceed(pio, machine);
      return value;
    };
  }

  #watchControl(pio) {
    const { run, writeUint32 } = pio;
    pio.run = () => {
      if (pio.machines.some((machine) => machine.enabled && !drivesTheChip(machine))) run.call(pio);
    };
    pio.writeUint32 = (offset, value) => {
      const wereEnabled = pio.machines.map((machine) => machine.enabled);
      writeUint32.call(pio, offset, value);
      if (offset === FDEBUG) this.#repeatStalls(pio);
      if (offset !== CTRL) return;
      for (const machine of pio.machines) {
        if (!machine.enabled) this.#transactions.delete(machine);
        else if (!wereEnabled[machine.index] && drivesTheChip(machine)) this.#begin(pio, machine);
      }
    };
  }

  #begin(pio, machine) {
    const reads = ((machine.wrapTop - machine.wrapBottom) & 31) >= LONGEST_WRITE_PROGRAM;
    this.#transactions.set(machine, {
      sent: [], toSend: wordsOfBits(machine.x), answer: null, answered: 0, toAnswer: reads ? wordsOfBits(machine.y) : 0,
    });
    this.count++;
    this.#proceed(pio, machine);
  }

  #proceed(pio, machine) {
    const transaction = this.#transactions.get(machine);
    if (!transaction) return;
    if (!transaction.answer) this.#collect(pio, machine, transaction);
    if (transaction.answer) this.#give(machine, transaction);
  }

  #collect(pio, machine, transaction) {
    const { sent, toSend, toAnswer } = transaction;
    while (sent.length < toSend && !machine.txFIFO.empty) sent.push(machine.txFIFO.pull());
    machine.updateDMATx();
    if (sent.length < toSend) return;
    const bytes = Buffer.alloc(toSend * 4);
    sent.forEach((word, index) => bytes.writeUInt32BE(word, index * 4));
    transaction.answer = this.transfer(bytes, toAnswer * 4);
    if (!toAnswer) this.#stall(pio, machine);
  }

  #give(machine, transaction) {
    const before = transaction.answered;
    while (transaction.answered < transaction.toAnswer && !machine.rxFIFO.full) {
      machine.rxFIFO.push(transaction.answer.readUInt32BE(4 * transaction.answered++));
    }
    if (transaction.answered > before) machine.updateDMARx();
  }

  // After a write the driver waits until the program has nothing more to send: it clears the flag and looks again.
  #stall(pio, machine) {
    pio.fdebug |= TX_STALL << machine.index;
  }

  #repeatStalls(pio) {
    for (const machine of pio.machines) {
      const transaction = this.#transactions.get(machine);
      if (transaction?.answer && !transaction.toAnswer) this.#stall(pio, machine);
    }
  }
}
