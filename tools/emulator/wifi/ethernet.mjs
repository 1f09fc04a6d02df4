// Ethernet frames and ARP (RFC 826) for those who share a network with the board.

export const IPV4 = 0x0800, ARP = 0x0806;
export const BROADCAST = Buffer.alloc(6, 0xff);
const HEADER = 14, ARP_FOR_IPV4 = Buffer.from([0, 1, 8, 0, 6, 4, 0]), REQUEST = 1, REPLY = 2, ARP_LENGTH = 28;

export const addressBytes = (text) => Buffer.from(text.split('.').map(Number));

/** Wraps a packet; addresses are Buffers of six bytes. */
export function ethernetFrame(destination, source, type, packet) {
  const header = Buffer.alloc(HEADER);
  destination.copy(header);
  source.copy(header, 6);
  header.writeUInt16BE(type, 12);
  return Buffer.concat([header, packet]);
}

/** Unwraps a frame; null if it is not one. */
export function parseEthernet(frame) {
  if (frame.length < HEADER) return null;
  return {
    destination: frame.subarray(0, 6),
    source: frame.subarray(6, 12),
    type: frame.readUInt16BE(12),
    packet: frame.subarray(HEADER),
  };
}

/** An ARP packet. *sender* and *target* have `hardware` and `address`; a target's hardware is null in a question. */
export function arpPacket(sender, target) {
  const operation = target.hardware ? REPLY : REQUEST;
  return Buffer.concat([ARP_FOR_IPV4, Buffer.from([operation]), sender.hardware, sender.address,
    target.hardware ?? Buffer.alloc(6), target.address]);
}

/** Reads an ARP packet: `isRequest`, `sender` and `target`; null if it is not for IPv4. */
export function parseArp(packet) {
  if (packet.length < ARP_LENGTH || packet.compare(ARP_FOR_IPV4, 0, 7, 0, 7)) return null;
  return {
    isRequest: packet[7] === REQUEST,
    sender: { hardware: packet.subarray(8, 14), address: packet.subarray(14, 18) },
    target: { hardware: packet.subarray(18, 24), address: packet.subarray(24, 28) },
  };
}
