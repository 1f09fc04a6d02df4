// The far end of the board's PPP line: HDLC-like framing (RFC 1662), LCP (RFC 1661) and IPCP (RFC 1332) for a line
// that loses nothing, so nothing is retransmitted here.

const FLAG = 0x7e, ESCAPE = 0x7d, ESCAPE_BIT = 0x20, ADDRESS = 0xff, CONTROL = 0x03;
const GOOD_CHECKSUM = 0xf0b8, ALL_CONTROLS = 0xffffffff;
const IP = 0x0021, LCP = 0xc021, IPCP = 0x8021;
const REQUEST = 1, ACK = 2, NAK = 3, REJECT = 4, TERMINATE = 5, TERMINATE_ACK = 6, PROTOCOL_REJECT = 8;
const ECHO_REQUEST = 9, ECHO_REPLY = 10;
const LCP_MRU = 1, LCP_ACCM = 2, LCP_MAGIC = 5, LCP_PROTOCOL_COMPRESSION = 7, LCP_ADDRESS_COMPRESSION = 8;
const LCP_KNOWN = [LCP_MRU, LCP_ACCM, LCP_MAGIC, LCP_PROTOCOL_COMPRESSION, LCP_ADDRESS_COMPRESSION];
const IPCP_ADDRESS = 3, IPCP_DNS = 129, IPCP_SECOND_DNS = 131;

const CHECKSUM_TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x8408 : byte >>> 1;
  return byte;
});

function checksum(bytes) {
  let sum = 0xffff;
  for (const byte of bytes) sum = (sum >>> 8) ^ CHECKSUM_TABLE[(sum ^ byte) & 0xff];
  return sum;
}

const addressBytes = (address) => Buffer.from(address.split('.').map(Number));

function* options(data) {
  for (let at = 0; at + 1 < data.length && data[at + 1] >= 2; at += data[at + 1]) {
    yield data.subarray(at, at + data[at + 1]);
  }
}

export class Ppp {
  #frame = [];
  #escaped = false;
  #identifier = 0;
  #controlsToEscape = ALL_CONTROLS; // the board's wish, a bit for each control character
  #opened = { [LCP]: new Set(), [IPCP]: new Set() }; // which directions are agreed: 'theirs', 'ours'
  #requested = new Set(); // the protocols we have sent our request for

  /** *write* puts bytes on the line; *onPacket* gets each IP packet; *onUp* and *onDown* tell of the link. */
  constructor({ write, onPacket, onUp = () => {}, onDown = () => {}, local, remote }) {
    this.write = write;
    this.onPacket = onPacket;
    this.onUp = onUp;
    this.onDown = onDown;
    this.local = addressBytes(local);
    this.remote = addressBytes(remote);
    this.up = false;
    this.damagedFrames = 0;
  }

  /** Takes one byte from the board. */
  receive(byte) {
    if (byte === FLAG) {
      if (this.#frame.length >= 4) this.#received(Buffer.from(this.#frame));
      this.#frame = [];
      this.#escaped = false;
    } else if (byte === ESCAPE) {
      this.#escaped = true;
    } else {
      this.#frame.push(this.#escaped ? byte ^ ESCAPE_BIT : byte);
      this.#escaped = false;
    }
  }

  /** Forgets the link: the board lost its power. */
  reset() {
    this.#frame = [];
    this.#escaped = false;
    this.#forget();
  }

  /** Sends an IP packet to the board. */
  send(packet) {
    if (this.up) this.#send(IP, packet);
  }

  #received(frame) {
    if (checksum(frame) !== GOOD_CHECKSUM) {
      this.damagedFrames++;
      return;
    }
    let at = frame[0] === ADDRESS && frame[1] === CONTROL ? 2 : 0; // both may be left out when so agreed,
    let protocol = frame[at++];
    if (!(protocol & 1)) protocol = (protocol << 8) | frame[at++]; // and so may the protocol's first byte
    const data = frame.subarray(at, -2);
    if (protocol === IP) {
      if (this.up) this.onPacket(data);
    } else if (protocol === LCP || protocol === IPCP) {
      this.#control(protocol, data);
    } else {
      this.#sendControl(LCP, PROTOCOL_REJECT, ++this.#identifier, [[protocol >> 8, protocol & 0xff], data]);
    }
  }

  #send(protocol, data) {
    const body = Buffer.concat([Buffer.from([ADDRESS, CONTROL, protocol >> 8, protocol & 0xff]), data]);
    const sum = checksum(body) ^ 0xffff;
    const escape = protocol === LCP ? ALL_CONTROLS : this.#controlsToEscape;
    const line = [FLAG];
    const put = (byte) => {
      if (byte === FLAG || byte === ESCAPE || (byte < 0x20 && (escape >>> byte) & 1)) line.push(ESCAPE, byte ^ ESCAPE_BIT);
      else line.push(byte);
    };
    body.forEach(put);
    put(sum & 0xff);
    put(sum >> 8);
    line.push(FLAG);
    this.write(Buffer.from(line));
  }

  #sendControl(protocol, code, identifier, parts = []) {
    const data = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const header = Buffer.from([code, identifier & 0xff, 0, 0]);
    header.writeUInt16BE(header.length + data.length, 2);
    this.#send(protocol, Buffer.concat([header, data]));
  }

  #control(protocol, packet) {
    const [code, identifier] = packet, data = packet.subarray(4, packet.readUInt16BE(2));
    switch (code) {
      case REQUEST:
        return this.#answerRequest(protocol, identifier, data);
      case ACK:
        return this.#agreed(protocol, 'ours');
      case NAK:
      case REJECT:
        return this.#request(protocol, []); // our wishes are not essential: ask for the defaults
      case TERMINATE:
        this.#sendControl(protocol, TERMINATE_ACK, identifier);
        return this.#forget();
      case ECHO_REQUEST:
        return this.#sendControl(protocol, ECHO_REPLY, identifier, [[0, 0, 0, 0], data.subarray(4)]);
    }
  }

  #answerRequest(protocol, identifier, data) {
    if (protocol === LCP && this.up) this.#forget(); // the board restarted without closing the link
    const rejected = [], corrected = [];
    for (const option of options(data)) {
      const correction = this.#judge(protocol, option);
      if (correction === 'reject') rejected.push(option);
      else if (correction) corrected.push(correction);
    }
    if (!this.#requested.has(protocol)) {
      this.#request(protocol, protocol === LCP ? [[LCP_ACCM, 6, 0, 0, 0, 0]] : [[IPCP_ADDRESS, 6, ...this.local]]);
    }
    if (rejected.length) this.#sendControl(protocol, REJECT, identifier, rejected);
    else if (corrected.length) this.#sendControl(protocol, NAK, identifier, corrected);
    else {
      this.#sendControl(protocol, ACK, identifier, [data]);
      this.#agreed(protocol, 'theirs');
    }
  }

  // Returns the answer to an option: nothing (granted), 'reject', or the option as it should be.
  #judge(protocol, option) {
    const [type] = option;
    if (protocol === LCP) {
      if (!LCP_KNOWN.includes(type)) return 'reject';
      if (type === LCP_ACCM) this.#controlsToEscape = option.readUInt32BE(2);
      return null;
    }
    const wanted = { [IPCP_ADDRESS]: this.remote, [IPCP_DNS]: this.local, [IPCP_SECOND_DNS]: this.local }[type];
    if (!wanted) return 'reject'; // header compression
    return wanted.equals(option.subarray(2)) ? null : [type, 6, ...wanted];
  }

  #request(protocol, wishes) {
    this.#requested.add(protocol);
    this.#sendControl(protocol, REQUEST, ++this.#identifier, wishes);
  }

  #agreed(protocol, direction) {
    this.#opened[protocol].add(direction);
    if (this.up || this.#opened[LCP].size < 2 || this.#opened[IPCP].size < 2) return;
    this.up = true;
    this.onUp();
  }

  #forget() {
    this.#opened[LCP].clear();
    this.#opened[IPCP].clear();
    this.#requested.clear();
    this.#controlsToEscape = ALL_CONTROLS;
    if (!this.up) return;
    this.up = false;
    this.onDown();
  }
}

/** The link on a UART of the board; *options* as for Ppp, without `write`. */
export function pppOnUart(pico, options, uart = 0) {
  const ppp = new Ppp({ ...options, write: (bytes) => pico.uart[uart].send(bytes) });
  pico.on('uart', (number, byte) => number === uart && ppp.receive(byte));
  return ppp;
}
