// An emulated Raspberry Pi Pico: rp2040js, with the defects that stop MicroPython repaired from outside.

import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { RP2040 } from 'rp2040js';
import { speedUp } from './fast_core.mjs';
import { emulateFlashWrites, writeUf2 } from './flash.mjs';
import { Pins } from './pins.mjs';
import { Rosc } from './rosc.mjs';
import { Pl011 } from './uart.mjs';
import { UsbSerial } from './usb_serial.mjs';

const CYCLE_NANOS = 8; // 125 MHz
const UART_IRQ = [20, 21], UART_ADDRESS = [0x40034, 0x40038], WATCHDOG_ADDRESS = 0x40058, ROSC_ADDRESS = 0x40060;
const SLICE_MS = 15, STEPS_BETWEEN_CLOCK_READS = 20000, IDLE_STEP_NANOS = 1e6, LONGEST_CREDIT_MS = 50;
const FIRST_INSTRUCTION = 0x10000000, RAM = 0x20000000;
export const FLASH_BYTES = 2 * 1024 * 1024;

// rp2040js looks for a peripheral at the address of every word written, although most of these words go to RAM.
function writeRamFirst(mcu) {
  const { sramView } = mcu, last = sramView.byteLength - 4, writeElsewhere = mcu.writeUint32;
  mcu.writeUint32 = function writeUint32(address, value) {
    const offset = (address >>> 0) - RAM;
    if (offset >= 0 && offset <= last) sramView.setUint32(offset, value, true);
    else writeElsewhere.call(mcu, address, value);
  };
}

/**
 * Events: `serial` (Buffer printed on USB), `connected` (the USB serial port is configured), `uart` (number, byte),
 * `reset` (the board restarted itself; its flash is kept), `fault` (Error; the board has stopped).
 *
 * Simulated time advances by the cycles of executed instructions; while the core sleeps it jumps to the next alarm, but
 * no faster than `pace` times the wall clock (Infinity: as fast as possible, for programs that do not wait for a host).
 */
export class Pico extends EventEmitter {
  #running = false;
  #lastSlice = null;
  #pastNanos = 0; // simulated time before the last reset
  #busyCycles = 0;
  #restart = false;
  #cut = null; // { left, share }: the power is cut in the flash operation after `left` others
  yielded = false;
  flashOperations = 0; // erased or programmed since the power was switched on for the first time

  /** *firmware*: a UF2's bytes; *bootrom*: the boot ROM's 16 KiB; *flash*: a 2 MiB image to begin with. */
  constructor({ firmware, bootrom, flash = null, pace = 1, verbose = false }) {
    super();
    this.pace = pace;
    this.verbose = verbose;
    this.bootrom = new Uint32Array(bootrom.buffer.slice(bootrom.byteOffset, bootrom.byteOffset + bootrom.length));
    const contents = new Uint8Array(FLASH_BYTES).fill(0xff);
    if (flash) contents.set(flash.subarray(0, FLASH_BYTES));
    this.imageBytes = writeUf2(firmware, contents);
    this.#power(contents);
  }

  static fromFiles({ firmware, bootrom, flash = null, ...options }) {
    const image = flash && fs.existsSync(flash) ? fs.readFileSync(flash) : null;
    return new Pico({ firmware: fs.readFileSync(firmware), bootrom: fs.readFileSync(bootrom), flash: image, ...options });
  }

  #power(flash) {
    const mcu = new RP2040();
    this.mcu = mcu;
    this.clock = mcu.clock;
    mcu.logger = this.#logger(mcu.core);
    mcu.loadBootrom(this.bootrom);
    mcu.flash.set(flash);
    emulateFlashWrites(mcu, (finish) => this.#writeFlash(finish));
    writeRamFirst(mcu);
    speedUp(mcu);
    this.pins = new Pins(mcu);
    this.uart = UART_IRQ.map((irq, number) => {
      const uart = new Pl011(mcu, `UART${number}`, irq);
      uart.onByte = (byte) => this.emit('uart', number, byte);
      mcu.uart[number] = uart;
      mcu.peripherals[UART_ADDRESS[number]] = uart;
      return uart;
    });
    mcu.peripherals[ROSC_ADDRESS] = new Rosc(mcu, 'ROSC');
    this.watchdog = mcu.peripherals[WATCHDOG_ADDRESS];
    this.watchdog.onWatchdogTrigger = () => {
      this.#restart = true;
      this.watchdog.alarm.enable = false; // rp2040js 1.4.1 sets it again for the same moment, without end
    };
    this.connected = false;
    this.usb = new UsbSerial(mcu.usbCtrl, {
      onData: (bytes) => this.emit('serial', bytes),
      onConnected: () => {
        this.connected = true;
        this.emit('connected');
      },
    });
    mcu.core.PC = FIRST_INSTRUCTION;
  }

  // rp2040js 1.4.1 reports the SEV instruction to its log but does not set the event register, so that a WFE which
  // should fall through sleeps until the next interrupt. Its log call is the hook.
  #logger(core) {
    const print = (component, message) => this.verbose && console.error(`[${component}] ${message}`);
    const info = (component, message) => {
      if (message === 'SEV') core.eventRegistered = true;
      else print(component, message);
    };
    return { debug() {}, info, warn: print, error: print };
  }

  get simulatedMicroseconds() {
    return (this.#pastNanos + this.clock.nanos) / 1000;
  }

  /** The part of the simulated time in which the core executed instructions, in microseconds. */
  get busyMicroseconds() {
    return (this.#busyCycles * CYCLE_NANOS) / 1000;
  }

  get flash() {
    return this.mcu.flash.subarray(0, FLASH_BYTES);
  }

  /** Calls *callback* in *microseconds* of simulated time, unless the returned alarm is cancelled. */
  after(microseconds, callback) {
    const alarm = this.clock.createAlarm(callback);
    alarm.schedule(microseconds * 1000);
    return alarm;
  }

  /**
   * Cuts the power in the *n*-th flash operation from now on, 1 for the next one, of which a *share* from 0 to 1 is done.
   * The event `cut` is then the last one, and the board has stopped.
   */
  cutPower(n, share) {
    this.#cut = { left: n - 1, share };
  }

  #writeFlash(finish) {
    if (this.#cut?.left === 0) {
      finish(this.#cut.share);
      this.stop();
      this.emit('cut');
      return;
    }
    if (this.#cut) this.#cut.left -= 1;
    finish(1);
    this.flashOperations += 1;
  }

  /** Takes the board's power away for a moment: RAM and peripherals are new, flash is kept. */
  reset() {
    this.#pastNanos += this.clock.nanos;
    this.#power(this.flash);
    this.emit('reset');
  }

  // A reset by the watchdog, such as machine.reset(): the watchdog's own registers tell the program why.
  #resetByWatchdog() {
    const { reason, scratchData } = this.watchdog;
    this.#restart = false;
    this.reset();
    this.watchdog.reason = reason;
    this.watchdog.scratchData.set(scratchData);
  }

  /** Lets the host's waiting callbacks and promises run before the board executes its next instruction. */
  yield() {
    this.yielded = true;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#slice();
  }

  stop() {
    this.#running = false;
  }

  #slice() {
    if (!this.#running) return;
    const now = performance.now();
    const credit = Math.min(now - (this.#lastSlice ?? now), LONGEST_CREDIT_MS) * 1e6 * this.pace;
    this.#lastSlice = now;
    let idle;
    try {
      idle = this.#run(now + SLICE_MS, this.clock.nanos + (this.pace === Infinity ? Infinity : credit));
    } catch (error) {
      this.stop();
      this.emit('fault', error);
      return;
    }
    if (idle) setTimeout(() => this.#slice(), 1);
    else setImmediate(() => this.#slice());
  }

  // Runs until the wall clock says `until` or the core sleeps and may not sleep on; returns whether it sleeps.
  #run(until, idleLimit) {
    do {
      const { core } = this.mcu, { clock } = this;
      let cycles = 0, asleep = false;
      for (let step = 0; step < STEPS_BETWEEN_CLOCK_READS; step++) {
        if (this.yielded) break;
        if (core.waiting) {
          const left = idleLimit - clock.nanos;
          if (left <= 0) {
            asleep = true;
            break;
          }
          clock.tick(Math.min(clock.nextAlarm ? clock.nanosToNextAlarm : left, left, IDLE_STEP_NANOS));
        } else {
          const taken = core.executeInstruction(), nanos = clock.nanosCounter + taken * CYCLE_NANOS;
          cycles += taken;
          if (clock.nextAlarm?.nanos <= nanos) clock.tick(taken * CYCLE_NANOS);
          else clock.nanosCounter = nanos; // what tick() would do, without the call
        }
      }
      this.#busyCycles += cycles;
      if (this.#restart) this.#resetByWatchdog();
      if (asleep) return true;
    } while (!this.yielded && performance.now() < until && this.#running);
    this.yielded = false;
    return false;
  }
}
