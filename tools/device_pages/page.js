'use strict';
const at = (id) => document.getElementById(id);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const root = '/_device/';
let stream = null;
// A login ends when the board restarts.
let restarted = false;

// A board that restarts may leave a request without an answer and without an end.
async function ask(path, options) {
  const response = await fetch(root + path, { signal: AbortSignal.timeout(15000), ...options });
  if (response.status === 401) showLogin();
  if (!response.ok) throw Object.assign(new Error(), { text: await response.text(), status: response.status });
  return response.json();
}

const post = (path, value) => ask(path, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value),
});

// Runs the action of a form when it is sent, and shows what went wrong.
function onSubmit(form, action) {
  const alert = form.querySelector('[role=alert]'), button = form.querySelector('button');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    alert.textContent = '';
    button.disabled = true;
    try {
      await action(form);
    } catch (error) {
      // What fetch() itself raises is no plain Error, and its text depends on the browser.
      alert.textContent = error.text || error.name === 'Error' && error.message || 'The board does not answer.';
    }
    button.disabled = false;
  });
}

const say = (form, text) => { form.querySelector('[role=status]').textContent = text; };

// Log in

function showLogin() {
  at('name').textContent = document.title;
  at('pages').hidden = true;
  at('login').hidden = false;
  stream?.close();
}

onSubmit(at('login').querySelector('form'), async (form) => {
  const input = form.querySelector('input');
  await post('login', { secret: input.value });
  input.value = '';
  await begin();
});

// Status and log

const size = (bytes) => bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} KB` : `${Math.round(bytes / 1e6)} MB`;
const duration = (seconds) => `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min ${seconds % 60} s`;
const yesOrNo = (value) => value ? 'yes' : 'no';
// A network can have any name: invisible characters, and those that turn the text round, are shown as codes.
const visible = (name) => name && name.replace(/[\\\p{C}\p{DI}]|(?! )\p{Z}/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
// The rows in their order: the name, and how the value is shown.
const ROWS = [
  ['Running for', (s) => duration(s.uptime)],
  ['Last reset', (s) => s.reset_cause],
  ['Application runs', (s) => yesOrNo(s.has_application)],
  ['Wi-Fi', ({ wifi }) => [wifi.state, visible(wifi.ssid) ?? wifi.ssid_hex, wifi.address, wifi.signal && `${wifi.signal} dBm`].filter(Boolean).join(', ')],
  ['Free memory', (s) => s.heap_free ? `${size(s.heap_free)}, largest piece ${size(s.heap_largest)}` : 'unknown'],
  ['Free flash', (s) => size(s.flash_free)],
  ['Connections', (s) => `${s.connections} of ${s.max_connections}`],
  ['Clock is set', (s) => yesOrNo(s.clock_is_set)],
  ['Versions', (s) => `microdot ${s.microdot}, ${s.python}`],
];

async function showStatus() {
  const status = await ask('status');
  at('name').textContent = document.title = status.name;
  at('status').replaceChildren(...ROWS.map(([name, show]) => {
    const row = document.createElement('tr');
    for (const [kind, text] of [['th', name], ['td', show(status)]]) {
      const cell = document.createElement(kind);
      cell.textContent = text;
      row.append(cell);
    }
    row.firstChild.scope = 'row';
    return row;
  }));
}

function followLog() {
  stream?.close();
  const log = at('log');
  log.replaceChildren();
  stream = new EventSource(root + 'log');
  stream.onmessage = ({ data }) => {
    const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 20;
    log.append(data + '\n');
    if (atEnd) log.scrollTop = log.scrollHeight;
  };
}

// Settings

let inputs = [];

function makeInput({ name, label, type, value, choices, secret, minimum, maximum }, section) {
  const input = document.createElement(choices ? 'select' : 'input'), outer = document.createElement('label');
  for (const choice of choices || []) input.append(new Option(choice));
  if (!choices) input.type = type === 'bool' ? 'checkbox' : secret ? 'password' : type === 'str' ? 'text' : 'number';
  if (type === 'float') input.step = 'any';
  if (type === 'int' || type === 'float') [input.min, input.max] = [minimum ?? '', maximum ?? ''];
  if (type === 'bool') input.checked = value;
  else if (secret) [input.placeholder, input.autocomplete] = [value ? 'unchanged' : 'not set', 'off'];
  else input.value = value;
  const read = () => type === 'bool' ? input.checked : type === 'str' || choices && type === 'str' ? input.value : Number(input.value);
  const before = read();
  inputs.push({ section, name, read, changed: () => read() !== before });
  outer.append(label + ' ', input);
  return outer;
}

async function showSettings() {
  inputs = [];
  const fields = await ask('settings');
  at('settings').querySelector('div').replaceChildren(
    ...['app', 'device'].flatMap((section) => fields[section].map((field) => makeInput(field, section))),
  );
}

onSubmit(at('settings'), async (form) => {
  say(form, '');
  const values = { app: {}, device: {} };
  for (const { section, name, read, changed } of inputs) if (changed()) values[section][name] = read();
  try {
    await post('settings', values);
  } catch (error) {
    let fields;
    try {
      ({ fields } = JSON.parse(error.text));
    } catch {
      throw error;
    }
    throw new Error(Object.entries(fields).map((pair) => pair.join(' ')).join(', '));
  }
  await showSettings();
  say(form, 'Saved. Some settings need a restart.');
});

// Update. Browsers offer no crypto.subtle on pages without TLS.

const roots = [], constants = [];
for (let n = 2; constants.length < 64; n++) {
  let prime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
  if (!prime) continue;
  const bits = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
  if (roots.length < 8) roots.push(bits(Math.sqrt(n)));
  constants.push(bits(Math.cbrt(n)));
}

function sha256(data) {
  const size = ((data.length + 72) >> 6) << 6, padded = new Uint8Array(size), view = new DataView(padded.buffer);
  padded.set(data);
  padded[data.length] = 0x80;
  view.setUint32(size - 8, Math.floor(data.length / 2 ** 29));
  view.setUint32(size - 4, data.length << 3);
  const state = Int32Array.from(roots), w = new Int32Array(64), turn = (x, n) => (x >>> n) | (x << (32 - n));
  for (let start = 0; start < size; start += 64) {
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      if (i < 16) {
        w[i] = view.getInt32(start + 4 * i);
      } else {
        const x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
      }
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + w[i]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
  }
  const digest = new Uint8Array(32);
  state.forEach((value, i) => new DataView(digest.buffer).setInt32(4 * i, value));
  return digest;
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const utf8 = (text) => new TextEncoder().encode(text);
const join = (a, b) => { const all = new Uint8Array(a.length + b.length); all.set(a); all.set(b, a.length); return all; };

function sign(secret, nonce, text) {
  const key = new Uint8Array(64);
  key.set(utf8(secret));
  const inner = sha256(join(key.map((byte) => byte ^ 0x36), utf8(`microdot update ${nonce} ${text}`)));
  return hex(sha256(join(key.map((byte) => byte ^ 0x5c), inner)));
}

// Resolves to whether the board has said that it has everything; if not, the connection broke, and it may have it all the same.
function send(list, contents, signature, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', root + 'update');
    request.setRequestHeader('Update-List', list.length);
    request.setRequestHeader('Update-Signature', signature);
    request.upload.onprogress = ({ loaded, total }) => { [progress.max, progress.value] = [total, loaded]; };
    request.onerror = () => resolve(false);
    request.onload = () => request.status === 200 ? resolve(true) : reject(new Error(request.response));
    request.send(new Blob([list, ...contents]));
  });
}

const stays = (path) => /(^|\/)(\.|__pycache__|tests\/|test_|settings\.json)|\.(pyc|md)$/.test(path)
  || ['boot.py', 'main.py'].includes(path);

onSubmit(at('update'), async (form) => {
  const [folder, secret] = form.querySelectorAll('input'), lines = [], contents = [];
  for (const file of folder.files) {
    const name = file.webkitRelativePath.split('/').slice(1).join('/') || file.name;
    if (stays(name)) continue;
    const content = new Uint8Array(await file.arrayBuffer());
    lines.push(`${content.length} ${hex(sha256(content))} ${name}\n`);
    contents.push(content);
  }
  const list = utf8(lines.join('')), { nonce } = await ask('update');
  say(form, `Files to send: ${contents.length}`);
  const digest = hex(sha256(list)), version = digest.slice(0, 12);
  const arrived = await send(list, contents, sign(secret.value, nonce, digest), form.querySelector('progress'));
  restarted = true;
  stream?.close();
  for (let left = 120; left > 0; left--) {
    await wait(1500);
    let found;
    try {
      found = await ask('update');
    } catch {
      continue; // the board restarts
    }
    if (!arrived && found.version !== version && found.failed !== version) {
      if (found.progress) continue; // the board has not noticed it yet
      restarted = false;
      followLog();
      throw new Error('The connection broke. The board keeps its version.');
    }
    if (found.failed === version) {
      const fields = { 'Update-Signature': sign(secret.value, found.nonce, 'why') };
      const { error } = await ask('update', { headers: fields }).catch(() => ({}));
      throw new Error(`The new version failed, and the board runs the one before: ${error?.trim().split('\n').pop() ?? 'its log says why.'}`);
    }
    if (found.state === 'good') {
      say(form, `The board runs version ${version}. Reload this page to log in.`);
      return;
    }
    say(form, 'The board tries the new version, which takes 20 seconds.');
  }
  throw new Error('The board has not come back.');
});

// Restart

onSubmit(at('restart'), async (form) => {
  await post('restart', {});
  restarted = true;
  say(form, 'The board restarts.');
  stream?.close();
  for (;;) {
    await wait(2000);
    try {
      await ask('update');
    } catch {
      continue;
    }
    location.reload();
    return;
  }
});

async function open() {
  await showStatus();
  at('login').hidden = true;
  at('pages').hidden = false;
  await showSettings();
  const { possible } = await ask('update');
  at('update').hidden = !possible;
  at('fixed').hidden = possible;
  followLog();
}

// A board serves few connections at a time: while others have its pages open, a request may have to be made again.
async function begin() {
  for (;;) {
    try {
      return await open();
    } catch ({ status }) {
      if (status === 401) return;
    }
    at('name').textContent = 'The board does not answer yet.';
    await wait(2000);
  }
}

begin();
setInterval(() => restarted || at('pages').hidden || showStatus().catch(() => {}), 5000);
