// TCP in user space (RFC 9293) between the host's programs and the board, timed by the board's simulated clock.
//
// Left out because the line needs none of it: congestion control, window scaling, selective acknowledgement,
// urgent data, and the TIME-WAIT state (port numbers are not used again for a long time).

import { TCP, segmentChecksum } from './ip.mjs';

const FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16;
const HEADER = 20, MSS_OPTION = 2, DEFAULT_PEER_MSS = 536;
const RECEIVE_WINDOW = 32768;
const FIRST_RETRANSMISSION_US = 1e6, MOST_RETRANSMISSIONS = 6, DUPLICATES_BEFORE_RETRANSMISSION = 3;

const wrap = (number) => number >>> 0;
const distance = (later, earlier) => (later - earlier) | 0; // of sequence numbers, negative if not later

export function parseTcp(segment) {
  const headerLength = segment.length >= HEADER ? (segment[12] >> 4) * 4 : 0;
  if (headerLength < HEADER || headerLength > segment.length) return null;
  return {
    sourcePort: segment.readUInt16BE(0),
    destinationPort: segment.readUInt16BE(2),
    sequence: segment.readUInt32BE(4),
    acknowledgement: segment.readUInt32BE(8),
    flags: segment[13],
    window: segment.readUInt16BE(14),
    options: segment.subarray(HEADER, headerLength),
    data: segment.subarray(headerLength),
  };
}

function maximumSegmentSize(options) {
  for (let at = 0; at < options.length && options[at] !== 0; ) {
    if (options[at] === 1) at++;
    else if (options[at] === MSS_OPTION) return options.readUInt16BE(at + 2);
    else at += Math.max(2, options[at + 1]);
  }
  return DEFAULT_PEER_MSS;
}

/**
 * One connection. Callbacks: `onOpen()`, `onData(Buffer)`, `onEnd()` (the board will send no more), `onDrain()` (less
 * than half of the send buffer's mark is left), `onClose(error)` (all over; *error* is null after an orderly end).
 */
export class TcpConnection {
  #stack;
  #unsentFrom = 0; // how many bytes of #buffer have been sent, counted from `acknowledged`
  #buffer = Buffer.alloc(0); // bytes not yet acknowledged, and bytes not yet sent
  #early = new Map(); // out-of-order data by sequence number
  #finWanted = false;
  #finSent = false;
  #finReceived = false;
  #duplicates = 0;
  #attempts = 0;
  #timer = null;
  #heldBack = false;
  #kept = 0; // bytes that count as unread although they have been used

  constructor(stack, key, callbacks) {
    this.#stack = stack;
    this.key = key; // { local: {address, port}, remote: {address, port} }; local is this side
    this.state = 'closed';
    this.next = this.acknowledged = stack.newSequence(); // SND.NXT, SND.UNA
    this.expected = 0; // RCV.NXT
    this.window = 0;
    this.mss = DEFAULT_PEER_MSS;
    this.unread = 0; // bytes given to onData that their reader has not used yet
    Object.assign(this, { onOpen() {}, onData() {}, onEnd() {}, onDrain() {}, onClose() {} }, callbacks);
  }

  get buffered() {
    return this.#buffer.length;
  }

  open() {
    this.state = 'syn-sent';
    this.#sendSyn(SYN);
  }

  /** Answers the board's SYN. */
  accept(syn) {
    this.expected = wrap(syn.sequence + 1);
    this.mss = maximumSegmentSize(syn.options);
    this.window = syn.window;
    this.state = 'syn-received';
    this.#sendSyn(SYN | ACK);
  }

  write(data) {
    this.#buffer = this.#buffer.length ? Buffer.concat([this.#buffer, data]) : data;
    this.#pump();
  }

  /** Sends a FIN when everything written has been sent. */
  end() {
    this.#finWanted = true;
    this.#pump();
  }

  reset(error = null) {
    if (this.state === 'closed') return;
    this.#send(RST | ACK, this.next);
    this.#close(error);
  }

  /** Tells that *count* bytes given to onData have been used: the window opens again. */
  consumed(count) {
    if (this.#stack.isKeeping) {
      this.#kept += count;
      return;
    }
    const wasClosed = this.#receiveWindow() < this.mss;
    this.unread -= count;
    if (wasClosed && this.#receiveWindow() >= this.mss && this.state === 'open') this.#send(ACK, this.next);
  }

  /** Opens the window for what was used while the stack was keeping windows closed. */
  release() {
    const count = this.#kept;
    this.#kept = 0;
    this.consumed(count);
    if (this.state === 'open') this.#send(ACK, this.next);
  }

  receive(segment) {
    if (this.state === 'closed') return undefined; // the board repeats its SYN while the host's side is connecting
    if (segment.flags & RST) return this.#receiveReset(segment);
    if (this.state === 'syn-sent') return this.#receiveSynAck(segment);
    if (segment.flags & SYN) return this.#send(ACK, this.next);
    if (!(segment.flags & ACK)) return undefined;
    if (this.state === 'syn-received') this.#opened();
    this.#receiveAcknowledgement(segment);
    if (this.state !== 'closed') this.#receiveData(segment);
    if (this.state !== 'closed') this.#pump();
    if (this.#finReceived && this.#finSent && this.acknowledged === this.next) this.#close(null);
    return undefined;
  }

  #receiveReset({ sequence, acknowledgement }) {
    const valid = this.state === 'syn-sent' ? acknowledgement === this.next : distance(sequence, this.expected) >= 0;
    if (valid) this.#close(new Error('the board reset the connection'));
  }

  #receiveSynAck(segment) {
    if ((segment.flags & (SYN | ACK)) !== (SYN | ACK) || segment.acknowledgement !== this.next) return;
    this.expected = wrap(segment.sequence + 1);
    this.mss = maximumSegmentSize(segment.options);
    this.window = segment.window;
    this.acknowledged = segment.acknowledgement;
    // MicroPython refuses data that come before its accept() has run, and lwIP then waits 250 ms before it offers them
    // again. A network's round trip hides that; this line has none.
    this.#heldBack = true;
    this.#stack.after(this.#stack.firstDataDelay, () => {
      this.#heldBack = false;
      if (this.state === 'open') this.#pump();
    });
    this.#opened();
    this.#send(ACK, this.next);
  }

  #opened() {
    this.state = 'open';
    this.#stopTimer();
    this.onOpen();
  }

  #receiveAcknowledgement({ acknowledgement, window, data, flags }) {
    const count = distance(acknowledgement, this.acknowledged);
    if (count > 0 && distance(acknowledgement, this.next) <= 0) {
      const finCounted = this.#finSent && acknowledgement === this.next ? 1 : 0;
      const bytes = Math.min(count - finCounted, this.#buffer.length);
      this.#buffer = this.#buffer.subarray(bytes);
      this.#unsentFrom -= bytes;
      this.acknowledged = acknowledgement;
      this.#duplicates = this.#attempts = 0;
      this.#stopTimer();
      if (this.#unacknowledged()) this.#startTimer();
      if (bytes && this.#buffer.length < this.#stack.sendMark / 2) this.onDrain();
    } else if (count === 0 && this.#unacknowledged() && !data.length && !(flags & FIN) && window === this.window) {
      if (++this.#duplicates === DUPLICATES_BEFORE_RETRANSMISSION) this.#retransmit();
    }
    if (!window) this.#attempts = 0; // it takes nothing, but it is alive
    this.window = window;
  }

  #receiveData({ sequence, data, flags }) {
    if (!data.length && !(flags & FIN)) return;
    const repeated = distance(this.expected, sequence);
    if (repeated < 0) {
      this.#early.set(sequence, { data: Buffer.from(data), flags }); // a gap: ask for what is missing
    } else if (repeated <= data.length && !this.#finReceived) {
      this.#take(data.subarray(repeated), flags & FIN);
      for (let ahead; (ahead = this.#early.get(this.expected)); ) {
        this.#early.delete(this.expected);
        this.#take(ahead.data, ahead.flags & FIN);
      }
    }
    if (this.state !== 'closed') this.#send(ACK, this.next);
  }

  #take(data, fin) {
    this.expected = wrap(this.expected + data.length + (fin ? 1 : 0));
    if (data.length) {
      this.unread += data.length;
      this.onData(Buffer.from(data));
    }
    if (fin) {
      this.#finReceived = true;
      this.onEnd();
    }
  }

  #unacknowledged() {
    return this.acknowledged !== this.next;
  }

  #receiveWindow() {
    return Math.max(0, this.#stack.receiveWindow - this.unread);
  }

  // Sends what the board's window allows.
  #pump() {
    if (this.state !== 'open' || this.#heldBack) return;
    while (this.#unsentFrom < this.#buffer.length) {
      const room = Math.min(this.mss, this.#stack.mss, this.window - this.#unsentFrom);
      if (room <= 0) break;
      const data = this.#buffer.subarray(this.#unsentFrom, this.#unsentFrom + room);
      this.#unsentFrom += data.length;
      this.#send(ACK | (this.#unsentFrom === this.#buffer.length ? PSH : 0), this.next, data);
      this.next = wrap(this.next + data.length);
    }
    if (this.#finWanted && !this.#finSent && this.#unsentFrom === this.#buffer.length) {
      this.#finSent = true;
      this.#send(FIN | ACK, this.next);
      this.next = wrap(this.next + 1);
    }
    if (!this.#timer && (this.#unacknowledged() || this.#unsentFrom < this.#buffer.length)) this.#startTimer();
  }

  #sendSyn(flags) {
    this.#send(flags, this.acknowledged);
    this.next = wrap(this.acknowledged + 1);
    this.#startTimer();
  }

  #startTimer() {
    this.#timer = this.#stack.after(FIRST_RETRANSMISSION_US * 2 ** this.#attempts, () => {
      this.#timer = null;
      if (++this.#attempts > MOST_RETRANSMISSIONS) this.reset(new Error('the board does not answer'));
      else this.#retransmit();
    });
  }

  #stopTimer() {
    this.#timer?.cancel();
    this.#timer = null;
  }

  // Repeats the first unacknowledged segment, or probes a closed window with one byte.
  #retransmit() {
    this.#stack.statistics.retransmissions++;
    this.#stopTimer();
    if (this.state === 'syn-sent') return this.#sendSyn(SYN);
    if (this.state === 'syn-received') return this.#sendSyn(SYN | ACK);
    const probe = this.#unacknowledged() ? 0 : 1;
    const length = Math.min(probe || this.#unsentFrom, this.mss, this.#stack.mss);
    const fin = this.#finSent && length === this.#buffer.length ? FIN : 0;
    this.#send(ACK | PSH | fin, this.acknowledged, this.#buffer.subarray(0, length));
    if (probe && length) {
      this.#unsentFrom = length;
      this.next = wrap(this.acknowledged + length);
    }
    return this.#startTimer();
  }

  #send(flags, sequence, data = Buffer.alloc(0)) {
    this.#stack.transmit(this.key, {
      flags, sequence, data, acknowledgement: flags & ACK ? this.expected : 0, window: this.#receiveWindow(),
    });
  }

  #close(error) {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.#stopTimer();
    this.#stack.forget(this);
    this.onClose(error);
  }

  /** Ends without telling the board: the link is gone. */
  abandon() {
    this.#close(new Error('the link to the board went down'));
  }
}

/**
 * All connections of one link. *onIncoming(connection, { start, refuse })* decides on a connection the board opens:
 * it calls one of the two when it knows.
 */
export class TcpStack {
  #connections = new Map();
  #port = 40000;
  #sequence = 1000;

  constructor({ send, after, local, remote, mss = 1360, firstDataDelay = 15000, onIncoming = (_, { refuse }) => refuse() }) {
    Object.assign(this, { send, after, local, remote, mss, firstDataDelay, onIncoming });
    this.sendMark = 65536;
    this.receiveWindow = RECEIVE_WINDOW;
    this.isKeeping = false;
    this.resetStatistics();
  }

  resetStatistics() {
    this.statistics = { segmentsIn: 0, dataSegmentsIn: 0, bytesIn: 0, segmentsOut: 0, bytesOut: 0, retransmissions: 0 };
  }

  /** From now on takes no more than *window* bytes on each connection; null: what the host's programs take. */
  take(window) {
    this.isKeeping = window !== null;
    this.receiveWindow = window ?? RECEIVE_WINDOW;
    if (!this.isKeeping) for (const connection of this.#connections.values()) connection.release();
  }

  newSequence() {
    this.#sequence = wrap(this.#sequence + 64000);
    return this.#sequence;
  }

  /** Connects to a port of the board. */
  connect(port, callbacks) {
    this.#port = this.#port === 60000 ? 40001 : this.#port + 1;
    const key = { local: { address: this.local, port: this.#port }, remote: { address: this.remote, port } };
    return this.#add(new TcpConnection(this, key, callbacks), (connection) => connection.open());
  }

  /** Takes a TCP segment from the board. */
  receive(destination, packet) {
    const segment = parseTcp(packet);
    if (!segment) return;
    this.statistics.segmentsIn++;
    this.statistics.dataSegmentsIn += segment.data.length ? 1 : 0;
    this.statistics.bytesIn += segment.data.length;
    const key = {
      local: { address: Buffer.from(destination), port: segment.destinationPort },
      remote: { address: this.remote, port: segment.sourcePort },
    };
    const known = this.#connections.get(this.#name(key));
    if (known) known.receive(segment);
    else if ((segment.flags & (SYN | ACK | RST)) === SYN) this.#incoming(key, segment);
    else if (!(segment.flags & RST)) this.#refuse(key, segment);
  }

  #incoming(key, segment) {
    const connection = new TcpConnection(this, key, {});
    this.#add(connection, () => {});
    const start = () => this.#connections.has(this.#name(key)) && connection.accept(segment);
    const refuse = () => {
      this.forget(connection);
      this.#refuse(key, segment);
    };
    this.onIncoming(connection, { start, refuse });
  }

  #refuse(key, { flags, acknowledgement, sequence, data }) {
    const length = data.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
    const reply = flags & ACK
      ? { flags: RST, sequence: acknowledgement, acknowledgement: 0 }
      : { flags: RST | ACK, sequence: 0, acknowledgement: wrap(sequence + length) };
    this.transmit(key, { ...reply, data: Buffer.alloc(0), window: 0 });
  }

  #name({ local, remote }) {
    return `${local.address.join('.')}:${local.port} ${remote.port}`;
  }

  #add(connection, then) {
    this.#connections.set(this.#name(connection.key), connection);
    then(connection);
    return connection;
  }

  forget(connection) {
    this.#connections.delete(this.#name(connection.key));
  }

  /** Ends every connection: the link went down. */
  linkDown() {
    for (const connection of [...this.#connections.values()]) connection.abandon();
  }

  transmit({ local, remote }, { flags, sequence, acknowledgement, window, data }) {
    const options = flags & SYN ? Buffer.from([MSS_OPTION, 4, this.mss >> 8, this.mss & 0xff]) : Buffer.alloc(0);
    const header = Buffer.alloc(HEADER);
    header.writeUInt16BE(local.port, 0);
    header.writeUInt16BE(remote.port, 2);
    header.writeUInt32BE(wrap(sequence), 4);
    header.writeUInt32BE(wrap(acknowledgement), 8);
    header[12] = ((HEADER + options.length) / 4) << 4;
    header[13] = flags;
    header.writeUInt16BE(window, 14);
    const segment = Buffer.concat([header, options, data]);
    segment.writeUInt16BE(segmentChecksum(TCP, local.address, remote.address, segment), 16);
    this.statistics.segmentsOut++;
    this.statistics.bytesOut += data.length;
    this.send(local.address, segment);
  }
}
