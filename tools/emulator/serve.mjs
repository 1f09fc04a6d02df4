// serve.mjs FIRMWARE.uf2 [--repl-port N] [--http-port N [--board-port 80]] [--forward HOST_PORT:BOARD_PORT]...
//           [--script FILE.py]... [--pace N] [--flash FILE] [--verbose]
//
// Boots the firmware and serves its USB serial port on 127.0.0.1 (mpremote connect socket://127.0.0.1:N) and ports of
// its PPP link. Port 0 takes a free one. Prints one line of JSON when all ports listen:
//   {"repl": 40001, "ports": {"80": 40002}}
// --script runs programs on the board first, one after the other, the last one for as long as the emulator runs: the
// ready line waits until it prints the line READY. What they print goes to standard error. Each line of JSON on
// standard input is answered by one on standard output:
//   {"command": "status"}                 simulated time, TCP statistics, link state
//   {"command": "pace", "value": 20}      how fast idle time may pass
//   {"command": "reset"}                  power cycle; the flash is kept
// The program ends when its standard input does, or by a signal.

import net from 'node:net';
import readline from 'node:readline';
import { boardFromOptions, fail, parseCommand, readScript } from './command.mjs';
import { Network } from './network.mjs';
import { Repl } from './repl.mjs';

const usage = 'serve.mjs FIRMWARE.uf2 [--repl-port N] [--http-port N] [--board-port N] [--forward HOST:BOARD]... '
  + '[--script FILE.py]... [--pace N] [--flash FILE] [--verbose]';
const string = { type: 'string' };
const { positionals: [firmware], values } = parseCommand(usage, 1, {
  'repl-port': string, 'http-port': string, 'board-port': { ...string, default: '80' },
  forward: { ...string, multiple: true, default: [] }, script: { ...string, multiple: true, default: [] },
});

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

function portNumber(text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65535) fail(`${text} is not a port number`);
  return number;
}

// One client at a time owns the serial port; a newer one takes it from the older.
function serveRepl(pico, port) {
  let client = null;
  pico.on('serial', (bytes) => {
    client?.write(bytes);
    pico.yield();
  });
  const server = net.createServer({ noDelay: true }, (socket) => {
    client?.destroy();
    client = socket;
    socket.on('data', (bytes) => pico.usb.send(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      if (client === socket) client = null;
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

function status(pico, network) {
  return {
    simulatedMicroseconds: pico.simulatedMicroseconds,
    busyMicroseconds: pico.busyMicroseconds,
    linkUp: network.ppp.up,
    damagedFrames: network.ppp.damagedFrames,
    tcp: network.tcp.statistics,
  };
}

function obey(line, pico, network) {
  const { command, value } = JSON.parse(line);
  if (command === 'pace') pico.pace = Number(value);
  else if (command === 'reset') pico.reset();
  else if (command === 'clear') network.tcp.resetStatistics();
  else if (command !== 'status') throw new Error(`unknown command ${command}`);
  return status(pico, network);
}

const show = (text) => process.stderr.write(text, 'latin1');

// Runs the programs; resolves when the last one prints READY. Ends the emulator if it cannot run them.
async function startScripts(repl, scripts) {
  const last = scripts.pop();
  for (const { file, text } of scripts) {
    const { error } = await repl.exec(text, { onOutput: show });
    if (error) fail(`${file} failed on the board:\n${error}`);
  }
  let printed = '';
  await new Promise((resolve) => {
    const onOutput = (text) => {
      show(text);
      printed = (printed + text).slice(-100);
      if (/^READY\r?$/m.test(printed)) resolve();
    };
    repl.exec(last.text, { onOutput, timeoutMs: LONGEST_TIMEOUT_MS }).then(
      ({ error }) => fail(`${last.file} ended on the board\n${error}`),
    );
  });
}

const scripts = values.script.map((file) => ({ file, text: readScript(file) }));
const pico = boardFromOptions(firmware, values);
const network = new Network(pico);
const repl = new Repl(pico);
await repl.enter();
if (scripts.length) await startScripts(repl, scripts);
else repl.leave();
const forwards = values.forward.map((pair) => pair.split(':').map(portNumber));
if (values['http-port'] !== undefined) forwards.push([portNumber(values['http-port']), portNumber(values['board-port'])]);
const ready = { ports: {} };
try {
  if (values['repl-port'] !== undefined) ready.repl = (await serveRepl(pico, portNumber(values['repl-port']))).address().port;
  for (const [hostPort, boardPort] of forwards) {
    ready.ports[boardPort] = (await network.serve(boardPort, hostPort)).address().port;
  }
} catch (error) {
  fail(error.message);
}
console.log(JSON.stringify(ready));
readline.createInterface({ input: process.stdin })
  .on('line', (line) => {
    let answer;
    try {
      answer = obey(line, pico, network);
    } catch (error) {
      answer = { error: error.message };
    }
    console.log(JSON.stringify(answer));
  })
  .on('close', () => {
    process.stderr.write('standard input has ended, and with it the emulator\n');
    process.exit(0);
  });
