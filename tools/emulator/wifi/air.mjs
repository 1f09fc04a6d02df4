// What is in the air around the board: the access points of other people, and those who listen to their changes.

import { EventEmitter } from 'node:events';

const CHANNELS = 13, LONGEST_NAME = 32;

/**
 * An access point that the board can hear.
 *
 * `ssid` (a Buffer of up to 32 bytes), `password` (null: open), `channel`, `strength` in dBm, `present`, `hidden` (its
 * name is not in a scan, unless one asks for it), `dhcp` (whether it gives addresses), `goodbye` (whether it says so when
 * it goes: else the board finds out by itself, later).
 */
class AccessPoint {
  constructor(ssid, number) {
    this.ssid = ssid;
    this.address = Buffer.from([0x02, 0xc0, 0xff, 0xee, number >> 8, number & 0xff]); // locally administered
    Object.assign(this, {
      password: null, channel: 6, strength: -50, present: true, hidden: false, dhcp: true, goodbye: true,
    });
  }
}

const isText = (value) => typeof value === 'string', isSwitch = (value) => typeof value === 'boolean';
const isInteger = (from, to) => (value) => Number.isInteger(value) && value >= from && value <= to;
const CHECKS = {
  password: [(value) => value === null || isText(value), 'a text, or null for an open network'],
  channel: [isInteger(1, CHANNELS), `a number from 1 to ${CHANNELS}`],
  strength: [isInteger(-100, 0), 'a number from -100 to 0 (dBm)'],
  present: [isSwitch, 'true or false'],
  hidden: [isSwitch, 'true or false'],
  dhcp: [isSwitch, 'true or false'],
  goodbye: [isSwitch, 'true or false'],
};

/** The bytes of a network's name, from `ssid` (a text) or `ssidHex` of a description. */
export function nameBytes({ ssid, ssidHex }) {
  if (isText(ssid) === isText(ssidHex)) throw new Error('a network needs a name: "ssid", or "ssidHex" for any bytes');
  const name = isText(ssid) ? Buffer.from(ssid) : Buffer.from(ssidHex, 'hex');
  if (isText(ssidHex) && name.length * 2 !== ssidHex.length) throw new Error(`"ssidHex" is not hexadecimal: ${ssidHex}`);
  if (!name.length || name.length > LONGEST_NAME) throw new Error(`a network's name has 1 to 32 bytes, not ${name.length}`);
  return name;
}

function checked(changes) {
  for (const [key, value] of Object.entries(changes)) {
    if (!Object.hasOwn(CHECKS, key)) {
      throw new Error(`a network has no "${key}"; it has ssid, ssidHex, ${Object.keys(CHECKS).join(', ')}`);
    }
    const [isRight, expected] = CHECKS[key];
    if (!isRight(value)) throw new Error(`"${key}" must be ${expected}, not ${JSON.stringify(value)}`);
  }
  return changes;
}

/** Emits `change` (the access point, what it was before) after each change. */
export class Air extends EventEmitter {
  accessPoints = [];

  /** Adds an access point; two may have the same name. */
  add({ ssid, ssidHex, ...properties }) {
    const point = new AccessPoint(nameBytes({ ssid, ssidHex }), this.accessPoints.length + 1);
    this.accessPoints.push(Object.assign(point, checked(properties)));
    return point;
  }

  /** The access points of one name. */
  named({ ssid, ssidHex }) {
    const name = nameBytes({ ssid, ssidHex });
    return this.accessPoints.filter((point) => point.ssid.equals(name));
  }

  /** Changes the access points of one name; Error when there is none, or when they have no such property. */
  change({ ssid, ssidHex, ...changes }) {
    const points = this.check({ ssid, ssidHex, ...changes });
    for (const point of points) {
      const before = { ...point };
      Object.assign(point, changes);
      this.emit('change', point, before);
    }
  }

  /** Checks a change without making it; returns the access points that it is about. */
  check({ ssid, ssidHex, ...changes }) {
    const points = this.named({ ssid, ssidHex });
    if (!points.length) throw new Error(`there is no network ${ssid ?? ssidHex}`);
    checked(changes);
    return points;
  }

  /** The access points that can be heard, the strongest first. */
  audible() {
    return this.accessPoints.filter(({ present }) => present).sort((a, b) => b.strength - a.strength);
  }
}
