// The program inside the Wi-Fi chip, as far as MicroPython's driver asks: it answers control requests, joins a network as
// a station, and is an access point, on one radio and thus on one channel.
//
// Which events a real chip sends for a lost network or a wrong password differs between its versions. Here:
//
// - a wrong password ends the handshake (status -3 in MicroPython), a network that is not there, or that is open when a
//   password was given and the other way round, is not found (-2);
// - a network that says goodbye ends the association (status 0); one that falls silent takes the link down (status 1);
// - the access point moves to the channel of a network that the station joins, and those who were joined to it are lost.

import {
  ACCESS_POINT, CONTROL, DATA, EVENT, STATION, controlAnswer, eventBody, frameBody, parseControl, parseFrame, parseVariable,
  scanResult,
} from './packets.mjs';

const GET_BSSID = 23, GET_SSID = 25, SET_SSID = 26, GET_CHANNEL = 29, SET_CHANNEL = 30, DISASSOCIATE = 52;
const GET_STRENGTH = 127, SET_SECURITY = 134, GET_MEMBERS = 159, GET_VARIABLE = 262, SET_VARIABLE = 263;
const SET_PASSPHRASE = 268;

const EVENTS = {
  setSsid: 0, authenticated: 3, associated: 7, memberJoined: 8, disassociated: 11, memberLeft: 12, link: 16, keys: 46,
  scan: 69,
};
const NO_NETWORKS = 3, KEYED = 6, PARTIAL = 8, HANDSHAKE_FAILED = 8, DEAUTHENTICATED = 14, LINK_IS_UP = 1, BEACONS_LOST = 1;
const LEAVING = 3; // reason: the network is going away

const SEARCH_US = 400000, ASSOCIATION_US = 60000, HANDSHAKE_US = 120000, SCAN_US = 1300000, SILENCE_US = 5000000;
const MOST_MEMBERS = 10, LED = 1;
export const BOARD_MAC = Buffer.from('28cdc1000001', 'hex');

const isBroadcast = (address) => Boolean(address[0] & 1);
const hex = (address) => address.toString('hex');

function numbers(...values) {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeInt32LE(value | 0, 4 * index));
  return bytes;
}

/** A name that follows its length. */
function readName(bytes) {
  return Buffer.from(bytes.subarray(4, 4 + Math.min(bytes.readUInt32LE(0), 32)));
}

/** Returns a passphrase if WPA2 allows it, else null: it has 8 to 63 bytes, or is a key in hexadecimal. */
function usable(passphrase) {
  if (/^[0-9a-fA-F]{64}$/.test(passphrase)) return passphrase;
  const length = Buffer.byteLength(passphrase);
  return length >= 8 && length <= 63 ? passphrase : null;
}

/** The outcome of an attempt to join with *passphrase*; `secured` says whether WPA2 is wanted. */
function passes(network, { secured, passphrase }) {
  if ((network.password === null) === secured) return 'no network';
  return !secured || passphrase === network.password ? 'joined' : 'wrong password';
}

export class WlanProgram {
  #life = 0; // timers of an earlier one do nothing
  #attempt = null;

  /**
   * *air* has the networks around; *send(channel, body)* gives packets to the driver; *after(microseconds, callback)*
   * is the clock; *onFrame(frame)* gets what the station sends into its network; *onJoined(point)* and *onLeft()* tell
   * of it.
   */
  constructor({ air, send, after, onFrame = () => {}, onJoined = () => {}, onLeft = () => {} }) {
    Object.assign(this, { air, send, after, onFrame, onJoined, onLeft });
    air.on('change', (point, before) => this.#changed(point, before));
    this.powerOn();
  }

  powerOn() {
    const hadJoined = this.station?.network;
    this.dropMembers();
    this.#life++;
    this.#attempt = null;
    this.values = new Map(); // what was set, by command or by a variable's name
    this.pins = 0;
    this.channel = 1;
    this.station = { network: null, secured: false, passphrase: null };
    this.accessPoint = {
      up: false, name: Buffer.alloc(0), secured: false, passphrase: null, channel: 1, members: new Map(),
    };
    if (hadJoined) this.onLeft();
  }

  get led() {
    return Boolean(this.pins & LED);
  }

  /** Takes a packet from the driver. */
  receive(channel, body) {
    if (channel === CONTROL) this.#control(parseControl(body));
    else if (channel === DATA) this.#transmit(parseFrame(body));
  }

  /** A frame for the station, from the network that it has joined. */
  deliver(frame) {
    if (this.station.network?.present) this.send(DATA, frameBody(STATION, frame));
  }

  // ---- control requests

  #control(request) {
    const { command, payload } = request;
    const isVariable = command === GET_VARIABLE || command === SET_VARIABLE;
    const { name, value } = isVariable ? parseVariable(payload) : { value: payload };
    this.send(CONTROL, controlAnswer(request, request.set ? undefined : this.#value(request, name)));
    if (!request.set) return;
    this.values.set(name ?? command, Buffer.from(value));
    if (name !== undefined) this.#setVariable(name, value, request.interface);
    else this.#command(command, value, request.interface);
  }

  #value({ command, payload }, name) {
    const { network } = this.station;
    switch (name ?? command) {
      case 'cur_etheraddr':
        return BOARD_MAC;
      case 'bss':
        return numbers(this.accessPoint.up ? 1 : 0);
      case 'maxassoc':
        return numbers(MOST_MEMBERS);
      case 'ccgpioin':
        return numbers(this.pins);
      case GET_BSSID:
        return network?.address;
      case GET_SSID:
        return network ? Buffer.concat([numbers(network.ssid.length), network.ssid]) : undefined;
      case GET_STRENGTH:
        return numbers(network?.strength ?? 0);
      case GET_CHANNEL:
        return numbers(this.channel, this.channel, this.channel);
      case GET_MEMBERS:
        return this.#memberList(payload.readUInt32LE(0));
      default:
        // The driver asks for `maxassoc` twice, the second time with the first answer in place of the name: what is not
        // a name is answered as it came.
        if (name !== undefined && !/^\w[\w:]*$/.test(name)) return payload;
        return this.values.get(name ?? command + 1); // the command that sets a value follows the one that asks for it
    }
  }

  #memberList(most) {
    const members = [...this.accessPoint.members.values()].slice(0, most);
    return Buffer.concat([numbers(members.length), ...members.map(({ address }) => address)]);
  }

  #setVariable(name, value, number) {
    const point = this.accessPoint;
    if (name === 'escan') this.#scan(readName(value.subarray(8)));
    else if (name === 'join') this.#join(readName(value));
    else if (name === 'sae_password') this.#setPassphrase(number, value.toString('utf8', 2, 2 + value.readUInt16LE(0)));
    else if (name === 'gpioout') this.pins = (this.pins & ~value.readUInt32LE(0)) | value.readUInt32LE(4);
    else if (name === 'bsscfg:ssid') point.name = readName(value.subarray(4));
    else if (name === 'bsscfg:wsec') point.secured = value.readUInt32LE(4) !== 0;
    else if (name === 'bss') this.#setAccessPoint(value.readUInt32LE(4) !== 0);
  }

  #command(command, value, number) {
    if (command === SET_PASSPHRASE) this.#setPassphrase(number, value.toString('utf8', 4, 4 + value.readUInt16LE(0)));
    else if (command === SET_SECURITY) this.station.secured = value.readUInt32LE(0) !== 0;
    else if (command === SET_SSID) this.#join(readName(value));
    else if (command === SET_CHANNEL) this.accessPoint.channel = value.readUInt32LE(0);
    else if (command === DISASSOCIATE && number === STATION) this.#disassociate();
  }

  #setPassphrase(number, text) {
    (number === ACCESS_POINT ? this.accessPoint : this.station).passphrase = usable(text);
  }

  #event(type, details = {}) {
    this.send(EVENT, eventBody({ type, address: this.station.network?.address ?? BOARD_MAC, ...details }));
  }

  #later(microseconds, callback) {
    const life = this.#life;
    this.after(microseconds, () => life === this.#life && callback());
  }

  // ---- the station

  #scan(wanted) {
    this.#later(SCAN_US, () => {
      for (const point of this.air.audible()) {
        const { address, channel, strength, hidden, password } = point, isWanted = point.ssid.equals(wanted);
        if (wanted.length && !isWanted) continue;
        const ssid = hidden && !isWanted ? Buffer.alloc(0) : point.ssid;
        const data = scanResult({ ssid, address, channel, strength, secured: password !== null });
        this.#event(EVENTS.scan, { status: PARTIAL, data });
      }
      this.#event(EVENTS.scan);
    });
  }

  #join(name) {
    this.#forgetNetwork();
    const attempt = (this.#attempt = {});
    const next = (microseconds, callback) => this.#later(microseconds, () => attempt === this.#attempt && callback());
    next(SEARCH_US, () => {
      const network = this.air.audible().find(({ ssid }) => ssid.equals(name));
      const outcome = network ? passes(network, this.station) : 'no network';
      if (outcome === 'no network') return this.#event(EVENTS.setSsid, { status: NO_NETWORKS });
      this.#tune(network.channel);
      return next(ASSOCIATION_US, () => this.#associate(network, outcome, next));
    });
  }

  #associate(network, outcome, next) {
    const { address } = network;
    this.#event(EVENTS.authenticated, { address });
    this.#event(EVENTS.associated, { address });
    this.#event(EVENTS.link, { flags: LINK_IS_UP, address });
    this.#event(EVENTS.setSsid, { address });
    next(this.station.secured ? HANDSHAKE_US : 0, () => {
      this.#attempt = null;
      if (outcome !== 'joined') {
        this.#event(EVENTS.keys, { status: HANDSHAKE_FAILED, reason: DEAUTHENTICATED, address });
        return;
      }
      this.station.network = network;
      if (this.station.secured) this.#event(EVENTS.keys, { status: KEYED });
      this.onJoined(network);
    });
  }

  #disassociate() {
    this.#attempt = null;
    if (!this.station.network) return;
    this.#event(EVENTS.disassociated);
    this.#event(EVENTS.link);
    this.#forgetNetwork();
  }

  #forgetNetwork() {
    if (!this.station.network) return;
    this.station.network = null;
    this.onLeft();
  }

  #changed(point, before) {
    if (this.station.network !== point) return;
    if (point.present) {
      this.#tune(point.channel); // the network has said where it goes
    } else if (before.present && point.goodbye) {
      this.#event(EVENTS.link, { reason: BEACONS_LOST });
      this.#event(EVENTS.disassociated, { reason: LEAVING });
      this.#forgetNetwork();
    } else if (before.present) {
      this.#later(SILENCE_US, () => {
        if (point.present || this.station.network !== point) return;
        this.#event(EVENTS.link, { reason: BEACONS_LOST });
        this.#forgetNetwork();
      });
    }
  }

  // ---- the access point

  #setAccessPoint(up) {
    if (up === this.accessPoint.up) return;
    this.accessPoint.up = up;
    if (up) this.#tune(this.station.network?.channel ?? this.accessPoint.channel);
    else this.dropMembers();
    this.#event(EVENTS.link, { interface: ACCESS_POINT, flags: up ? LINK_IS_UP : 0, address: BOARD_MAC });
  }

  // There is one radio: those who have joined the access point no longer hear it when it moves.
  #tune(channel) {
    if (channel === this.channel) return;
    this.channel = channel;
    this.dropMembers();
  }

  /** Drops all who have joined the access point, without telling them or the driver. */
  dropMembers() {
    const lost = [...(this.accessPoint?.members.values() ?? [])];
    this.accessPoint?.members.clear();
    for (const member of lost) member.onDropped();
  }

  /**
   * Lets *member* join the access point: `address`, `onFrame(frame)`, `onDropped()`. Error when it is not there under
   * this name, or when the password is not its own.
   */
  admit(member, name, password) {
    const point = this.accessPoint;
    if (!point.up || !point.name.equals(name)) throw new Error(`no network is called ${JSON.stringify(name.toString())}`);
    const fits = point.secured ? password !== null && password === point.passphrase : password === null;
    if (!fits) {
      throw new Error('wrong password');
    }
    if (point.members.size === MOST_MEMBERS) throw new Error(`the access point takes no more than ${MOST_MEMBERS} members`);
    point.members.set(hex(member.address), member);
    this.#event(EVENTS.memberJoined, { interface: ACCESS_POINT, address: member.address });
  }

  /** A member leaves the access point. */
  dismiss(member) {
    if (!this.accessPoint.members.delete(hex(member.address))) return;
    this.#event(EVENTS.memberLeft, { interface: ACCESS_POINT, address: member.address });
  }

  /** A frame of a member, for the board. */
  deliverFrom(member, frame) {
    if (this.accessPoint.members.has(hex(member.address))) this.send(DATA, frameBody(ACCESS_POINT, frame));
  }

  #transmit({ interface: number, frame }) {
    if (number === STATION) {
      if (this.station.network?.present) this.onFrame(frame);
      return;
    }
    for (const member of [...this.accessPoint.members.values()]) {
      if (isBroadcast(frame) || member.address.equals(frame.subarray(0, 6))) member.onFrame(frame);
    }
  }
}
