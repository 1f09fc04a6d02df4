// serve.mjs FIRMWARE.uf2 [--repl-port N] [--http-port N [--board-port 80]] [--forward HOST_PORT:BOARD_PORT]...
//           [--script FILE.py]... [--wifi] [--scenario FILE.json] [--pace N] [--flash FILE] [--verbose]
//
// Boots the firmware and serves its USB serial port on 127.0.0.1 (mpremote connect socket://127.0.0.1:N) and ports of
// its network: PPP, or with --wifi the emulated Wi-Fi of a Pico W. --scenario names the networks around the board (see
// wifi/scenario.mjs). Port 0 takes a free one. Prints one line of JSON when all ports listen:
//   {"repl": 40001, "ports": {"80": 40002}}
// --script runs programs on the board first, one after the other, the last one for as long as the emulator runs: the
// ready line waits until it prints the line READY. Without it the board starts what it has: its boot.py and main.py.
// What the board prints goes to standard error, unless somebody is connected to its serial port. Each line of JSON on
// standard input is answered by one on standard output:
//   {"command": "status"}                 simulated time, TCP statistics, link state, what the radio does
//   {"command": "pace", "value": 20}      how fast idle time may pass
//   {"command": "reset"}                  power cycle; the flash is kept
//   {"command": "clear"}                  begin the TCP statistics anew
//   {"command": "take", "bytes": 4000}    how much the host takes on each connection; null: what its programs take
//   {"command": "pin", "number": 15}                  whether it is high; "level": true, false, null drives it or lets it go
//   {"command": "analog", "number": 26, "volts": 1}   puts a voltage at an analog input
//   {"command": "network", "ssid": "home", "present": false}    change a network around the board, or add one
//   {"command": "phone", "action": "join", "ssid": "board", "password": "..."}   join the board's own network
//   {"command": "phone", "action": "open", "url": "http://example.com/"}         its status, headers and body (latin-1)
//   {"command": "phone", "action": "lookup", "name": "example.com"}              what the board's DNS says
//   {"command": "phone", "action": "exchange", "port": 53, "data": "00ff"}       a datagram and its answer, in hex
//   {"command": "phone", "action": "forward", "port": 80}     a port of this machine that leads there by the phone
//   {"command": "phone", "action": "leave"}                   "phone": "NAME" in any of these is another phone
// The program ends when its standard input does, or by a signal.

import net from 'node:net';
import readline from 'node:readline';
import { boardFromOptions, fail, parseCommand, readScript } from './command.mjs';
import { Network } from './network.mjs';
import { Repl } from './repl.mjs';
import { DEFAULT, play, readScenario } from './wifi/scenario.mjs';
import { Wifi } from './wifi/wifi.mjs';

const usage = 'serve.mjs FIRMWARE.uf2 [--repl-port N] [--http-port N] [--board-port N] [--forward HOST:BOARD]... '
  + '[--script FILE.py]... [--wifi] [--scenario FILE.json] [--pace N] [--flash FILE] [--verbose]';
const string = { type: 'string' };
const { positionals: [firmware], values } = parseCommand(usage, 1, {
  'repl-port': string, 'http-port': string, 'board-port': { ...string, default: '80' },
  wifi: { type: 'boolean', default: false }, scenario: string,
  forward: { ...string, multiple: true, default: [] }, script: { ...string, multiple: true, default: [] },
});

const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

function portNumber(text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65535) fail(`${text} is not a port number`);
  return number;
}

// One client at a time owns the serial port; a newer one takes it from the older.
let client = null;

function serveRepl(pico, port) {
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

function status({ pico, network, wifi }) {
  return {
    simulatedMicroseconds: pico.simulatedMicroseconds,
    busyMicroseconds: pico.busyMicroseconds,
    linkUp: network.link.up,
    damagedFrames: network.link.damagedFrames,
    tcp: network.tcp.statistics,
    ...(wifi && { wifi: wifi.status() }),
  };
}

const COMMANDS = {
  status() {},
  pace({ pico }, { value }) {
    pico.pace = Number(value);
  },
  reset({ pico }) {
    pico.reset();
  },
  clear({ network }) {
    network.tcp.resetStatistics();
  },
  take({ network }, { bytes }) {
    network.tcp.take(bytes);
  },
};

// Commands that answer with something other than the status.
const PIN_COMMANDS = {
  pin({ pins }, { number, level }) {
    if (level !== undefined) pins.drive(number, level);
    return { level: pins.level(number) };
  },
  analog({ pins }, { number, volts }) {
    pins.apply(number, volts);
    return {};
  },
};

async function obey(line, board) {
  const { command, ...values } = JSON.parse(line);
  if (Object.hasOwn(COMMANDS, command)) {
    await COMMANDS[command](board, values);
    return status(board);
  }
  if (Object.hasOwn(PIN_COMMANDS, command)) return PIN_COMMANDS[command](board.pico, values);
  if (board.wifi && Object.hasOwn(WIFI_COMMANDS, command)) return WIFI_COMMANDS[command](board.wifi, values);
  throw new Error(`unknown command ${command}`);
}

const WIFI_COMMANDS = {
  network({ air }, changes) {
    if (air.named(changes).length) air.change(changes);
    else air.add(changes);
    return {};
  },
  phone(wifi, { action, phone = 'phone', ...values }) {
    if (!Object.hasOwn(PHONE_ACTIONS, action)) {
      throw new Error(`a phone cannot ${action}; it can ${Object.keys(PHONE_ACTIONS).join(', ')}`);
    }
    return PHONE_ACTIONS[action](wifi.phone(phone), values);
  },
};

const PHONE_ACTIONS = {
  join: (phone, { ssid, password }) => phone.join(ssid, password),
  leave(phone) {
    phone.leave();
    return phone.status();
  },
  async lookup(phone, { name }) {
    return { addresses: await phone.lookUp(name) };
  },
  async exchange(phone, { data, port }) {
    const answer = await phone.exchange(Buffer.from(data, 'hex'), port);
    return { data: answer?.toString('hex') ?? null };
  },
  open(phone, { url, body, ...options }) {
    return phone.open(url, { ...options, body: body && Buffer.from(body, 'latin1') });
  },
  async forward(phone, { port }) {
    return { port: await phone.forward(port) };
  },
};

function startWifi(pico, file) {
  const started = new Wifi(pico);
  try {
    play(file ? readScenario(file) : DEFAULT, started.air, pico);
  } catch (error) {
    fail(file ? `${file}: ${error.message}` : error.message);
  }
  return started;
}

const show = (text) => process.stderr.write(text, 'latin1');

// Runs the programs; resolves when the last one prints READY. Ends the emulator if it cannot run them.
async function startScripts(pico, scripts) {
  const repl = new Repl(pico);
  await repl.enter();
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

// Resolves when the board has a serial port, and shows what it prints there.
function startBoard(pico) {
  pico.on('serial', (bytes) => !client && process.stderr.write(bytes));
  pico.start();
  return new Promise((resolve) => pico.once('connected', resolve));
}

const scripts = values.script.map((file) => ({ file, text: readScript(file) }));
const pico = boardFromOptions(firmware, values);
const wifi = values.wifi || values.scenario ? startWifi(pico, values.scenario) : null;
const network = wifi ? new Network(pico, (_, options) => wifi.link(options)) : new Network(pico);
const board = { pico, network, wifi };
if (scripts.length) await startScripts(pico, scripts);
else await startBoard(pico);
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
let answered = Promise.resolve(); // one command after the other
readline.createInterface({ input: process.stdin })
  .on('line', (line) => {
    answered = answered
      .then(() => obey(line, board))
      .catch((error) => ({ error: error.message }))
      .then((answer) => console.log(JSON.stringify(answer)));
  })
  .on('close', () => {
    process.stderr.write('standard input has ended, and with it the emulator\n');
    process.exit(0);
  });
