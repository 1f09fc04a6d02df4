// A Pico W's Wi-Fi: the chip on the board's pins, the networks around it, and phones that join the board's own.

import { Air } from './air.mjs';
import { Cyw43 } from './cyw43.mjs';
import { GspiPort, wakePin } from './gspi.mjs';
import { Lan } from './lan.mjs';
import { Phone } from './phone.mjs';
import { WlanProgram } from './program.mjs';

const POWER_PIN = 23, HIGH = 1;

export class Wifi {
  #phones = new Map(); // by name

  constructor(pico) {
    this.pico = pico;
    this.air = new Air();
    this.chip = new Cyw43({
      setWake: (on) => wakePin(pico.mcu).setInputValue(on),
      onPacket: (channel, body) => this.program.receive(channel, body),
    });
    this.program = new WlanProgram({
      air: this.air,
      send: (channel, body) => this.chip.send(channel, body),
      after: (microseconds, callback) => pico.after(microseconds, callback),
      onFrame: (frame) => this.lan?.receive(frame),
      onJoined: (network) => this.lan?.joined(network),
      onLeft: () => this.lan?.reset(),
    });
    this.#connect();
    pico.on('reset', () => {
      this.#powerOn();
      this.#connect();
    });
  }

  /** The board's link by the networks it joins, for `Network`. */
  link(options) {
    this.lan = new Lan({ ...options, write: (frame) => this.program.deliver(frame) });
    return this.lan;
  }

  /** The phone of a name, which is made when it is first asked for. */
  phone(name) {
    if (!this.#phones.has(name)) this.#phones.set(name, new Phone(this.pico, this.program, this.#phones.size + 1));
    return this.#phones.get(name);
  }

  #powerOn() {
    this.chip.powerOn();
    this.program.powerOn();
  }

  // To a board that has just been powered.
  #connect() {
    const { mcu } = this.pico;
    this.port = new GspiPort(mcu, (sent, answerLength) => this.chip.transfer(sent, answerLength));
    mcu.gpio[POWER_PIN].addListener((level, before) => before === HIGH && level !== HIGH && this.#powerOn());
  }

  /** What the board's radio does. */
  status() {
    const { station, accessPoint, channel, led } = this.program;
    return {
      joined: station.network?.ssid.toString() ?? null,
      address: this.lan?.up ? this.lan.remote.join('.') : null,
      channel,
      accessPoint: accessPoint.up
        ? { ssid: accessPoint.name.toString(), secured: accessPoint.secured, members: accessPoint.members.size } : null,
      led,
      phones: Object.fromEntries([...this.#phones].map(([name, phone]) => [name, phone.status()])),
      transactions: this.port.count,
      downloadedBytes: this.chip.downloadedBytes,
    };
  }
}
