// Questions to a DNS server and its answers (RFC 1035), for addresses only (type A).

const HEADER = 12, RECURSION = 0x0100, TYPE_A = 1, CLASS_IN = 1, CODE = 0x0f, POINTER = 0xc0, LONGEST_LABEL = 63;

let identifier = 0x1000;

/** The question for the addresses of *name*: `query` and its `identifier`. */
export function lookUpQuery(name) {
  const header = Buffer.alloc(HEADER);
  identifier = (identifier + 1) & 0xffff;
  header.writeUInt16BE(identifier, 0);
  header.writeUInt16BE(RECURSION, 2);
  header.writeUInt16BE(1, 4);
  const labels = name.split('.').map((label) => {
    const bytes = Buffer.from(label, 'latin1');
    if (!bytes.length || bytes.length > LONGEST_LABEL) throw new Error(`${name} is not a host name`);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  return { query: Buffer.concat([header, ...labels, Buffer.from([0, 0, TYPE_A, 0, CLASS_IN])]), identifier };
}

function skipName(message, at) {
  while (message[at] && message[at] < POINTER) at += 1 + message[at];
  return at + (message[at] ? 2 : 1);
}

/** The addresses in an answer, as text; an Error when it answers another question or refuses. */
export function readAnswer(message, asked) {
  if (message.length < HEADER || message.readUInt16BE(0) !== asked) {
    throw new Error('the DNS answer is for another question');
  }
  const code = message[3] & CODE;
  if (code) throw new Error(`the DNS answer is error ${code}`);
  let at = HEADER;
  for (let count = message.readUInt16BE(4); count; count--) at = skipName(message, at) + 4;
  const addresses = [];
  for (let count = message.readUInt16BE(6); count; count--) {
    at = skipName(message, at);
    const length = message.readUInt16BE(at + 8);
    if (message.readUInt16BE(at) === TYPE_A) addresses.push(message.subarray(at + 10, at + 10 + length).join('.'));
    at += 10 + length;
  }
  return addresses;
}
