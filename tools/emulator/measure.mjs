// measure.mjs PPP_FIRMWARE.uf2 [--filesystem IMAGE] [--other] [--bare] [--verbose]
//
// Measures a web framework on the emulated chip and prints one line of JSON: simulated time and heap, so the figures
// do not depend on the machine. The framework is the frozen `microdot`; with --filesystem that in the image of a
// filesystem, which the board then has; with --bare there is none, but a bare program. --other keeps no connection open,
// for frameworks that close each one.

import { SETTLE_MICROSECONDS, newBoard, script, workingMicroseconds } from './bench.mjs';
import { Client, sleep } from './client.mjs';
import { parseCommand } from './command.mjs';
import { Network } from './network.mjs';
import { Repl } from './repl.mjs';

// Fewer connections than a board has places for: the last one is not kept open.
const IDLE_CONNECTIONS = 2;
const REQUESTS = 20, MOST_BALLAST_BLOCKS = 60;
const usage = 'measure.mjs PPP_FIRMWARE.uf2 [--filesystem IMAGE] [--other] [--bare]';
const { positionals: [firmware], values } = parseCommand(usage, 1, {
  filesystem: { type: 'string' }, other: { type: 'boolean', default: false }, bare: { type: 'boolean', default: false },
});
const application = values.bare ? 'bench_bare' : 'bench_app';

async function boot() {
  const pico = newBoard(firmware, values);
  const repl = new Repl(pico);
  await repl.enter();
  return { pico, repl };
}

async function importHeap() {
  const { pico, repl } = await boot();
  const code = 'import gc\ngc.collect()\nbefore = gc.mem_alloc()\n'
    + 'from microdot import Microdot\nimport asyncio, json, re\ngc.collect()\nprint(gc.mem_alloc() - before)';
  const bytes = Number(await repl.run(code));
  pico.stop();
  return bytes;
}

async function dispatch() {
  const { pico, repl } = await boot();
  await repl.run(script('bench_app'));
  await repl.run(script('bench_connection'));
  const output = await repl.run(script('bench_dispatch'));
  pico.stop();
  if (output.includes('Traceback')) throw new Error(`the application failed on the board:\n${output}`);
  const lines = output.split('\n').filter((line) => line.startsWith('dispatch '));
  return Object.fromEntries(lines.map((line) => {
    const [, name, microseconds, allocated] = line.trim().split(' ');
    return [name, { milliseconds: Number(microseconds) / 1000, allocatedBytes: Number(allocated) }];
  }));
}

// Starts the server on a fresh board; returns the board, its network and `ask(line)`, which puts a line to the program.
async function serve({ obedient }) {
  const { pico, repl } = await boot();
  const network = new Network(pico);
  await repl.run(script('link'));
  await repl.run(script(application));
  await repl.run(`obedient = ${obedient ? 'True' : 'False'}`);
  let output = '', notify = () => {};
  const onOutput = (text) => {
    output += text;
    notify();
    pico.yield();
  };
  const line = async (pattern) => {
    for (;;) {
      const found = pattern.exec(output);
      if (found) {
        output = output.slice(found.index + found[0].length);
        return found;
      }
      await new Promise((resolve) => {
        notify = resolve;
      });
    }
  };
  repl.exec(script('bench_server'), { onOutput }).then(({ error }) => {
    output += `= -1 ${error}\n`;
    notify();
  });
  await line(/READY\r?\n/);
  const ask = async (command) => {
    pico.usb.send(Buffer.from(`${command}\n`));
    return (await line(/= (-?\d+)(?: (\d+))?[^\n]*\n/)).slice(1).map(Number);
  };
  return { pico, network, ask };
}

async function memory() {
  const { pico, network: { tcp }, ask } = await serve({ obedient: true });
  const first = new Client(pico, tcp);
  await first.get('/');
  await first.close();
  await sleep(pico, SETTLE_MICROSECONDS);
  const [base, free] = await ask('heap');
  const perConnection = async (use) => {
    const clients = Array.from({ length: IDLE_CONNECTIONS }, () => new Client(pico, tcp));
    for (const client of clients) await use(client);
    await sleep(pico, SETTLE_MICROSECONDS);
    const [used] = await ask('heap');
    const alive = clients.filter((client) => !client.closed).length;
    for (const client of clients) await client.close();
    await sleep(pico, SETTLE_MICROSECONDS);
    return alive === IDLE_CONNECTIONS ? Math.round((used - base) / IDLE_CONNECTIONS) : null;
  };
  const silentConnectionBytes = await perConnection(() => {});
  const keptConnectionBytes = await perConnection((client) => client.get('/'));
  const result = { usedBytes: base, freeBytes: free, silentConnectionBytes, keptConnectionBytes, leastFreeBytes: null };
  for (let blocks = MOST_BALLAST_BLOCKS; blocks > 0; blocks -= 2) {
    const [left] = await ask(`leave ${blocks}`);
    if (!(left > 0)) break;
    const client = new Client(pico, tcp);
    const status = await client.get('/');
    if (status !== 200) break;
    result.leastFreeBytes = left;
    await client.close();
  }
  pico.stop();
  return result;
}

async function overPpp(keepAlive) {
  const { pico, network: { tcp } } = await serve({ obedient: false });
  let client = new Client(pico, tcp);
  const request = async () => {
    if (!keepAlive || client.closed) client = new Client(pico, tcp);
    const status = await client.get('/');
    if (status !== 200) throw new Error(`the board answered ${status}`);
    if (!keepAlive) await client.close();
  };
  await request();
  await sleep(pico, SETTLE_MICROSECONDS);
  tcp.resetStatistics();
  const { simulatedMicroseconds } = pico, working = workingMicroseconds(pico);
  for (let i = 0; i < REQUESTS; i++) await request();
  const per = (value) => Math.round(value / REQUESTS) / 1000;
  const result = {
    chipMilliseconds: per(workingMicroseconds(pico) - working),
    milliseconds: per(pico.simulatedMicroseconds - simulatedMicroseconds),
    dataSegments: tcp.statistics.dataSegmentsIn / REQUESTS,
  };
  pico.stop();
  return result;
}

console.log(JSON.stringify({
  importBytes: values.bare ? null : await importHeap(),
  memory: await memory(),
  dispatch: values.bare ? null : await dispatch(),
  keptAlive: values.other ? null : await overPpp(true),
  closedEachTime: values.bare ? null : await overPpp(false),
}));
process.exit(0);
