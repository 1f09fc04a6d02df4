// What a program reads from its pins, its analog inputs and the registers beside them.
//
// rp2040js 1.4.1 reads a pin as low unless something outside drives it: an output does not read its own level, and the
// pulls pull nothing. Its analog inputs are all at 0 V, and its temperature sensor at 437 °C.

const HIGHEST_READING = 4095, REFERENCE_VOLTS = 3.3;
const FIRST_ANALOG_PIN = 26, VSYS_CHANNEL = 3, VSYS_THIRD_VOLTS = 5 / 3;
const TEMPERATURE_CHANNEL = 4, VOLTS_AT_27_DEGREES = 0.706;
const FIFO = [0x50, 0x54, 0x58], NOTHING = 0xffffffff; // SIO registers between the cores (RP2040 datasheet, 2.3.1.7)

const reading = (volts) => Math.round((volts / REFERENCE_VOLTS) * HIGHEST_READING);

export class Pins {
  #driven = new Set(); // pins that something outside the board drives

  constructor(mcu) {
    this.mcu = mcu;
    for (const pin of mcu.gpio) this.#watch(pin);
    Object.defineProperty(mcu, 'gpioValues', { get: () => this.#levels() });
    this.#analog(mcu.adc);
    silenceFifo(mcu.sio);
  }

  // A pin reads what drives it from outside, else what it puts out, else what its pulls make of it.
  #watch(pin) {
    const { setInputValue } = pin;
    pin.setInputValue = (level) => {
      this.#driven.add(pin);
      setInputValue.call(pin, level);
    };
    pin.refreshInput = () => setInputValue.call(pin, pin.rawInputValue);
  }

  #level(pin) {
    if (this.#driven.has(pin)) return pin.inputValue;
    if (!pin.inputEnable) return false;
    return pin.outputEnable ? pin.outputValue : pin.pullupEnabled && !pin.pulldownEnabled;
  }

  #levels() {
    return this.mcu.gpio.reduce((levels, pin) => (this.#level(pin) ? levels | (1 << pin.index) : levels), 0);
  }

  #analog(adc) {
    adc.channelValues.fill(reading(REFERENCE_VOLTS / 2));
    adc.channelValues[VSYS_CHANNEL] = reading(VSYS_THIRD_VOLTS);
    adc.channelValues[TEMPERATURE_CHANNEL] = reading(VOLTS_AT_27_DEGREES);
  }

  /** Whether a pin is high, as the board reads it. */
  level(number) {
    return this.#level(this.#pin(number));
  }

  /** Drives a pin from outside: high, low, or not at all (null). */
  drive(number, level) {
    const pin = this.#pin(number);
    if (level === null) this.#driven.delete(pin);
    else pin.setInputValue(Boolean(level));
  }

  /** Puts *volts* at an analog input: pins 26 to 29, or channel 4, the temperature sensor. */
  apply(number, volts) {
    const channel = number >= FIRST_ANALOG_PIN ? number - FIRST_ANALOG_PIN : number;
    const { channelValues } = this.mcu.adc;
    if (!(channel in channelValues)) throw new Error(`there is no analog input ${number}; there are 26 to 29 and channel 4`);
    if (!(volts >= 0 && volts <= REFERENCE_VOLTS)) {
      throw new Error(`an analog input takes 0 to ${REFERENCE_VOLTS} V, not ${volts}`);
    }
    channelValues[channel] = reading(volts);
  }

  #pin(number) {
    const pin = this.mcu.gpio[number];
    if (!pin) throw new Error(`there is no pin ${number}; there are 0 to ${this.mcu.gpio.length - 1}`);
    return pin;
  }
}

// The second core is not emulated. A soft reset looks for it anyway, which rp2040js reports on the console.
function silenceFifo(sio) {
  const { readUint32, writeUint32 } = sio;
  sio.readUint32 = (offset) => (FIFO.includes(offset) ? NOTHING : readUint32.call(sio, offset));
  sio.writeUint32 = (offset, value) => FIFO.includes(offset) || writeUint32.call(sio, offset, value);
}
