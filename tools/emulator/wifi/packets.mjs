// The packets that the driver and the program in a CYW43439 exchange over the chip's function 2.
//
// Each has an SDPCM header, which names a channel. The channels carry control requests and their answers (a CDC header
// and a payload), events, and Ethernet frames (after a BDC header). Numbers are little-endian, those of an event are
// big-endian.

export const CONTROL = 0, EVENT = 1, DATA = 2;
export const STATION = 0, ACCESS_POINT = 1; // the chip's two interfaces

const SDPCM_HEADER = 12, CDC_HEADER = 16, BDC_HEADER = 4, BDC_VERSION_2 = 0x20;
const ETHERNET_HEADER = 14, EVENT_ETHERTYPE = 0x886c, VENDOR_HEADER = 10, VENDOR = 0x001018, EVENT_HEADER = 48;
// The driver reads words of an event and of a frame's IP header: these paddings put them where it can.
const PADDING = { [CONTROL]: 0, [EVENT]: 6, [DATA]: 2 };
const CDC_IS_SET = 2, CDC_IDENTIFIER = 0xffff0000;

/** Wraps a packet for the driver. *credit* is the sequence number up to which the driver may send. */
export function wrap(channel, body, { sequence, credit }) {
  const headerLength = SDPCM_HEADER + (body.length ? PADDING[channel] : 0), header = Buffer.alloc(headerLength);
  const length = headerLength + body.length;
  header.writeUInt16LE(length, 0);
  header.writeUInt16LE(~length & 0xffff, 2);
  header[4] = sequence;
  header[5] = channel;
  header[7] = headerLength;
  header[9] = credit;
  return Buffer.concat([header, body]);
}

/** Unwraps a packet from the driver, which may be padded; null if it is damaged. */
export function unwrap(packet) {
  if (packet.length < SDPCM_HEADER) return null;
  const length = packet.readUInt16LE(0), headerLength = packet[7];
  if (packet.readUInt16LE(2) !== (~length & 0xffff) || length > packet.length || headerLength > length) return null;
  return { channel: packet[5] & 15, sequence: packet[4], body: packet.subarray(headerLength, length) };
}

/** Reads a control request: `command`, `set` (else it asks), `interface`, `payload`, and the `header` to answer with. */
export function parseControl(body) {
  const flags = body.readUInt32LE(8);
  return {
    command: body.readUInt32LE(0),
    set: Boolean(flags & CDC_IS_SET),
    interface: (flags >>> 12) & 15,
    payload: body.subarray(CDC_HEADER),
    identifier: (flags & CDC_IDENTIFIER) >>> 0,
  };
}

/** The answer to a control request: as many bytes as the request had, *data* first. */
export function controlAnswer({ command, payload, identifier }, data = Buffer.alloc(0)) {
  const answer = Buffer.alloc(CDC_HEADER + payload.length);
  answer.writeUInt32LE(command, 0);
  answer.writeUInt32LE(payload.length, 4);
  answer.writeUInt32LE(identifier, 8);
  data.copy(answer, CDC_HEADER);
  return answer;
}

/** Splits the payload of a variable's request into its name and its value. */
export function parseVariable(payload) {
  const end = payload.indexOf(0);
  if (end < 0) return { name: '', value: payload };
  return { name: payload.toString('latin1', 0, end), value: payload.subarray(end + 1) };
}

/** The body of an event packet. *address* is who it is about; *data* follows the event. */
export function eventBody({
  type, status = 0, reason = 0, flags = 0, interface: number = STATION, address, data = Buffer.alloc(0),
}) {
  const header = Buffer.alloc(BDC_HEADER + ETHERNET_HEADER + VENDOR_HEADER + EVENT_HEADER);
  header[0] = BDC_VERSION_2;
  const frame = header.subarray(BDC_HEADER);
  frame.fill(0xff, 0, 6);
  address.copy(frame, 6);
  frame.writeUInt16BE(EVENT_ETHERTYPE, 12);
  const vendor = frame.subarray(ETHERNET_HEADER);
  vendor.writeUInt16BE(0x8001, 0);
  vendor.writeUInt16BE(VENDOR_HEADER + EVENT_HEADER + data.length - 4, 2);
  vendor.writeUIntBE(VENDOR, 5, 3);
  vendor.writeUInt16BE(1, 8);
  const event = vendor.subarray(VENDOR_HEADER);
  event.writeUInt16BE(2, 0); // version
  event.writeUInt16BE(flags, 2);
  event.writeUInt32BE(type, 4);
  event.writeUInt32BE(status, 8);
  event.writeUInt32BE(reason, 12);
  event.writeUInt32BE(data.length, 20);
  address.copy(event, 24);
  event.write(`wl${number}`, 30, 'latin1');
  event[46] = event[47] = number;
  return Buffer.concat([header, data]);
}

/** The body of a data packet. */
export function frameBody(number, frame) {
  return Buffer.concat([Buffer.from([BDC_VERSION_2, 0, number, 0]), frame]);
}

/** Reads the body of a data packet: which interface, and the Ethernet frame. */
export function parseFrame(body) {
  return { interface: body[2] & 15, frame: body.subarray(BDC_HEADER + body[3] * 4) };
}

const RSN = Buffer.from([48, 20, 1, 0, 0, 15, 172, 4, 1, 0, 0, 15, 172, 4, 1, 0, 0, 15, 172, 2, 0, 0]); // WPA2, AES, PSK
const SCAN_HEADER = 12, BSS_HEADER = 128, IS_NETWORK = 0x0001, IS_PRIVATE = 0x0010;

/** What a scan's event says of one network. */
export function scanResult({ ssid, address, channel, strength, secured }) {
  const elements = secured ? RSN : Buffer.alloc(0);
  const header = Buffer.alloc(SCAN_HEADER + BSS_HEADER), bss = header.subarray(SCAN_HEADER);
  header.writeUInt32LE(header.length + elements.length, 0);
  header.writeUInt16LE(1, 10); // networks in this event
  bss.writeUInt32LE(BSS_HEADER + elements.length, 4);
  address.copy(bss, 8);
  bss.writeUInt16LE(100, 14); // beacon interval
  bss.writeUInt16LE(IS_NETWORK | (secured ? IS_PRIVATE : 0), 16);
  bss[18] = ssid.length;
  ssid.copy(bss, 19);
  bss.writeUInt16LE(channel, 72);
  bss.writeInt16LE(strength, 78);
  bss.writeUInt16LE(BSS_HEADER, 116);
  bss.writeUInt32LE(elements.length, 120);
  return Buffer.concat([header, elements]);
}
