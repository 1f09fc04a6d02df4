// IPv4 (RFC 791) and UDP (RFC 768) packets without options or fragments.

export const TCP = 6, UDP = 17;
const HEADER = 20, UDP_HEADER = 8, DO_NOT_FRAGMENT = 0x4000, HOPS = 64;

let identification = 0;

/** The ones' complement checksum of the given buffers; each but the last must be of even length (RFC 1071). */
export function checksum(...buffers) {
  let sum = 0;
  for (const bytes of buffers) {
    for (let i = 0; i + 1 < bytes.length; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
    if (bytes.length & 1) sum += bytes.at(-1) << 8;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** The checksum of a TCP or UDP segment with its pseudo header. */
export function segmentChecksum(protocol, source, destination, segment) {
  return checksum(source, destination, Buffer.from([0, protocol, segment.length >> 8, segment.length & 0xff]), segment);
}

/** Wraps a segment; addresses are Buffers of four bytes. */
export function ipPacket(protocol, source, destination, segment) {
  const header = Buffer.alloc(HEADER);
  header[0] = 0x45;
  header.writeUInt16BE(HEADER + segment.length, 2);
  header.writeUInt16BE(++identification & 0xffff, 4);
  header.writeUInt16BE(DO_NOT_FRAGMENT, 6);
  header[8] = HOPS;
  header[9] = protocol;
  source.copy(header, 12);
  destination.copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, segment]);
}

/** Unwraps a packet; null if it is damaged, fragmented or not IPv4. */
export function parseIp(packet) {
  const headerLength = (packet[0] & 15) * 4, length = packet.length >= HEADER ? packet.readUInt16BE(2) : 0;
  if (packet[0] >> 4 !== 4 || length < headerLength || length > packet.length) return null;
  if (checksum(packet.subarray(0, headerLength)) || packet.readUInt16BE(6) & 0x3fff) return null;
  return {
    protocol: packet[9],
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    segment: packet.subarray(headerLength, length),
  };
}

export function udpSegment(source, destination, sourcePort, destinationPort, data) {
  const header = Buffer.alloc(UDP_HEADER);
  header.writeUInt16BE(sourcePort, 0);
  header.writeUInt16BE(destinationPort, 2);
  header.writeUInt16BE(UDP_HEADER + data.length, 4);
  const segment = Buffer.concat([header, data]);
  segment.writeUInt16BE(segmentChecksum(UDP, source, destination, segment) || 0xffff, 6);
  return segment;
}

export function parseUdp(segment) {
  if (segment.length < UDP_HEADER) return null;
  return {
    sourcePort: segment.readUInt16BE(0),
    destinationPort: segment.readUInt16BE(2),
    data: segment.subarray(UDP_HEADER, segment.readUInt16BE(4)),
  };
}
