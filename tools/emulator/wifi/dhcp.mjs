// DHCP messages (RFC 2131, options of RFC 2132), for the router that gives the board an address and for the phone that
// the board gives one.

export const DISCOVER = 1, OFFER = 2, REQUEST = 3, ACK = 5, NAK = 6;
export const SERVER_PORT = 67, CLIENT_PORT = 68;
const FIXED = 236, COOKIE = 0x63825363, SHORTEST = 300, BOOT_REQUEST = 1, BOOT_REPLY = 2, BROADCAST = 0x8000;
const SUBNET = 1, ROUTER = 3, DNS = 6, REQUESTED_ADDRESS = 50, LEASE_TIME = 51, TYPE = 53, SERVER = 54, END = 255;
const NAMES = {
  [SUBNET]: 'subnet', [ROUTER]: 'router', [DNS]: 'dns', [REQUESTED_ADDRESS]: 'requested', [LEASE_TIME]: 'lease',
  [SERVER]: 'server',
};
const NUMBERS = Object.fromEntries(Object.entries(NAMES).map(([number, name]) => [name, Number(number)]));

/**
 * A message. *options* has Buffers by name: subnet, router, dns, requested, lease, server. *address* is the one that a
 * server gives.
 */
export function dhcpMessage({ type, transaction, hardware, address = Buffer.alloc(4), options = {} }) {
  const header = Buffer.alloc(FIXED + 4);
  header[0] = type === OFFER || type === ACK || type === NAK ? BOOT_REPLY : BOOT_REQUEST;
  header[1] = 1; // Ethernet
  header[2] = hardware.length;
  header.writeUInt32BE(transaction, 4);
  header.writeUInt16BE(BROADCAST, 10);
  address.copy(header, 16);
  hardware.copy(header, 28);
  header.writeUInt32BE(COOKIE, FIXED);
  const option = ([name, value]) => Buffer.concat([Buffer.from([NUMBERS[name], value.length]), value]);
  const list = Object.entries(options).map(option);
  const message = Buffer.concat([header, Buffer.from([TYPE, 1, type]), ...list, Buffer.from([END])]);
  return Buffer.concat([message, Buffer.alloc(Math.max(0, SHORTEST - message.length))]);
}

/** Reads a message; returns what dhcpMessage() takes, null if it is not a message. */
export function parseDhcp(bytes) {
  const message = Buffer.from(bytes); // what is found in it is kept
  if (message.length < FIXED + 4 || message.readUInt32BE(FIXED) !== COOKIE) return null;
  const found = {
    type: 0,
    transaction: message.readUInt32BE(4),
    hardware: message.subarray(28, 34),
    address: message.subarray(16, 20),
    options: {},
  };
  for (let at = FIXED + 4; at + 1 < message.length && message[at] !== END; at += message[at] ? 2 + message[at + 1] : 1) {
    const value = message.subarray(at + 2, at + 2 + message[at + 1]);
    if (message[at] === TYPE) [found.type] = value;
    else if (NAMES[message[at]]) found.options[NAMES[message[at]]] = value;
  }
  return found;
}
