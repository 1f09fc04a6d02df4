// installed.mjs PPP_FIRMWARE.uf2 FILESYSTEM [--session] [--only NAME] [--fan-out PROGRAM] [--verbose]
//
// Measures a web framework that is installed on a board's filesystem, and not in its firmware: the heap that it and an
// application with one route take, and the simulated time from reset to the first answer. Prints one line of JSON.
// FILESYSTEM is an image with the framework in /lib and the file /page.html. Each route is measured on a board that has
// just booted. --session measures sessions too, --only a single route, without the times. --fan-out measures nothing
// but a message from the application in board/PROGRAM.py to eight clients.

import { SETTLE_MICROSECONDS, newBoard, script, workingMicroseconds } from './bench.mjs';
import { Client, HEADERS, sleep } from './client.mjs';
import { fail, parseCommand } from './command.mjs';
import { Network } from './network.mjs';
import { Repl } from './repl.mjs';

const PATIENT = { timeoutMicroseconds: 30e6 }; // a first answer may wait for modules that are compiled on the board
const BLOCK = 16; // bytes of the heap's unit on a 32-bit board

const usage = 'installed.mjs PPP_FIRMWARE.uf2 FILESYSTEM [--session] [--only NAME] [--fan-out PROGRAM]';
const { positionals: [firmware, filesystem], values } = parseCommand(usage, 2, {
  session: { type: 'boolean', default: false }, only: { type: 'string' },
  'fan-out': { type: 'string' },
});

const get = `GET / HTTP/1.1\r\n${HEADERS}\r\n`;
const post = (type, body) =>
  `POST / HTTP/1.1\r\n${HEADERS}Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const upgrade = `GET / HTTP/1.1\r\n${HEADERS}Upgrade: websocket\r\nConnection: Upgrade\r\n`
  + 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const masked = Buffer.from('818500000000' + Buffer.from('hello').toString('hex'), 'hex');

// What each application imports beside Microdot, what it consists of, and the request that it gets.
const ROUTES = {
  get: { code: '@app.get("/")\nasync def answer(request):\n    return "hello"', request: get },
  json: {
    code: '@app.post("/")\nasync def answer(request):\n    return {"name": request.json["name"]}',
    request: post('application/json', '{"name": "board", "on": true}'),
  },
  form: {
    code: '@app.post("/")\nasync def answer(request):\n    return request.form["name"]',
    request: post('application/x-www-form-urlencoded', 'name=board&on=yes'),
  },
  file: {
    imports: 'from microdot import send_file',
    code: '@app.get("/")\nasync def answer(request):\n    return send_file("/page.html")',
    request: get,
  },
  websocket: {
    imports: 'from microdot.websocket import with_websocket',
    code: '@app.get("/")\n@with_websocket\nasync def echo(request, ws):\n    while True:\n'
      + '        await ws.send(await ws.receive())',
    request: upgrade,
    message: masked,
  },
  session: {
    imports: 'from microdot.session import Session, with_session',
    code: 'Session(app, secret_key="a secret that only the board knows")\n\n\n@app.get("/")\n@with_session\n'
      + 'async def answer(request, session):\n    session["seen"] = 1\n    session.save()\n    return "hello"',
    request: get,
  },
};

function application({ imports = '', code }) {
  return `from microdot import Microdot\n${imports}\n\napp = Microdot()\n\n\n${code}\n`;
}

function parseHeap(output) {
  const last = (pattern) => Number([...output.matchAll(pattern)].at(-1)?.[1]);
  return {
    used: last(/used: (\d+)/g), free: last(/free: (\d+)/g), largest: last(/max free sz: (\d+)/g) * BLOCK,
  };
}

// Sends the request over a new connection; resolves to the client and the chip time, connecting included.
async function ask(pico, tcp, { request, message }) {
  const working = workingMicroseconds(pico), client = new Client(pico, tcp);
  const status = await client.send(request, PATIENT);
  if (status !== (message ? 101 : 200)) fail(`the board answered ${status}`);
  if (message && !(await client.exchange(message, message.length - 4, PATIENT))) fail('the board did not echo');
  return { client, milliseconds: (workingMicroseconds(pico) - working) / 1000 };
}

async function heap(route) {
  const pico = newBoard(firmware, { filesystem, verbose: values.verbose }), { tcp } = new Network(pico);
  const repl = new Repl(pico);
  await repl.enter();
  const read = async () => parseHeap(await repl.run('gc.collect()\nmicropython.mem_info()'));
  await repl.run(script('link'));
  await repl.run('import gc, micropython');
  const before = await read();
  await repl.run(application(route));
  const imported = await read();
  let output = '';
  await new Promise((listens) => {
    const onOutput = (text) => {
      output += text;
      listens();
      pico.yield();
    };
    repl.exec(script('bench_installed'), { onOutput }).then(({ error }) => fail(`the board stopped serving:\n${error}`));
  });
  const { client } = await ask(pico, tcp, route);
  if (!route.message) await client.close();
  await sleep(pico, SETTLE_MICROSECONDS);
  pico.stop();
  const answered = parseHeap(output);
  return {
    importBytes: imported.used - before.used, answerBytes: answered.used - before.used, bootFreeBytes: before.free,
    freeBytes: imported.free, largestFreeBytes: imported.largest, answeredFreeBytes: answered.free,
  };
}

// From reset, with everything in main.py: PPP, the application, the server.
async function start(route) {
  const pico = newBoard(firmware, { filesystem, verbose: values.verbose }), { tcp } = new Network(pico);
  const repl = new Repl(pico);
  await repl.enter();
  const program = [script('link'), application(route), script('bench_start')].join('\n');
  await repl.upload('/main.py', Buffer.from(program));
  pico.reset();
  const reset = pico.simulatedMicroseconds;
  await repl.printed('LISTENS');
  const first = await ask(pico, tcp, route);
  const firstAnswerMilliseconds = (pico.simulatedMicroseconds - reset) / 1000;
  await first.client.close();
  await sleep(pico, SETTLE_MICROSECONDS);
  const second = await ask(pico, tcp, route);
  pico.stop();
  return { firstAnswerMilliseconds, firstMilliseconds: first.milliseconds, secondMilliseconds: second.milliseconds };
}

async function fanOut(program) {
  const pico = newBoard(firmware, { filesystem, verbose: values.verbose }), repl = new Repl(pico);
  await repl.enter();
  for (const name of [program, 'bench_connection']) await repl.run(script(name));
  const output = await repl.run(script('bench_fan_out'));
  pico.stop();
  const found = /^fan-out (\d+) (\d+)\s+others (\d+)/m.exec(output);
  if (!found) fail(`the application failed on the board:\n${output}`);
  const [microseconds, allocatedBytes, others] = found.slice(1).map(Number);
  return { milliseconds: microseconds / 1000, allocatedBytes, others };
}

if (values['fan-out']) {
  console.log(JSON.stringify(await fanOut(values['fan-out'])));
  process.exit(0);
}
const names = values.only ? [values.only] : Object.keys(ROUTES).filter((name) => name !== 'session' || values.session);
const result = {};
for (const name of names) result[name] = await heap(ROUTES[name]);
if (!values.only) result.start = await start(ROUTES.get);
console.log(JSON.stringify(result));
process.exit(0);
