// A resolver for the board (RFC 1035): A questions are answered by the host's own resolver.

import dns from 'node:dns/promises';

const HEADER = 12, TYPE_A = 1, CLASS_IN = 1, TIME_TO_LIVE_S = 60;
const RESPONSE = 0x8180, NO_SUCH_NAME = 3, NAME_OF_QUESTION = 0xc00c;

function readQuestion(query) {
  const labels = [];
  let at = HEADER;
  while (at < query.length && query[at]) {
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    at += 1 + query[at];
  }
  if (at + 5 > query.length) return null;
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function addressRecord(address) {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(NAME_OF_QUESTION, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(CLASS_IN, 4);
  record.writeUInt32BE(TIME_TO_LIVE_S, 6);
  record.writeUInt16BE(4, 10);
  Buffer.from(address.split('.').map(Number)).copy(record, 12);
  return record;
}

/** Answers a query with one question; *translate* maps addresses to those that the board must use instead. */
export async function answerDnsQuery(query, translate) {
  const question = query.length >= HEADER && query.readUInt16BE(4) === 1 ? readQuestion(query) : null;
  if (!question) return null;
  let found = [], code = 0;
  if (question.type === TYPE_A) {
    try {
      found = await dns.lookup(question.name, { family: 4, all: true });
    } catch {
      code = NO_SUCH_NAME;
    }
  }
  const answer = Buffer.from(query.subarray(0, question.end));
  answer.writeUInt16BE(RESPONSE | code, 2);
  answer.writeUInt16BE(found.length, 6);
  answer.writeUInt32BE(0, 8);
  return Buffer.concat([answer, ...found.map(({ address }) => addressRecord(translate[address] ?? address))]);
}
