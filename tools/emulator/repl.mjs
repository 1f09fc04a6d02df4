// MicroPython's raw REPL over the emulated USB serial port.

const CTRL_A = '\x01', CTRL_B = '\x02', CTRL_C = '\x03', CTRL_D = '\x04';
const RAW_PROMPT = 'raw REPL; CTRL-B to exit\r\n>';
const ENTER_ATTEMPT_MS = 3000, UPLOAD_BYTES = 1024;

export class Repl {
  #received = ''; // latin-1: one character is one byte
  #waiting = null; // { text, resolve }
  #echo = null;
  #shown = 0; // how much of #received #echo has seen

  constructor(pico) {
    this.pico = pico;
    pico.on('serial', (bytes) => {
      this.#received += bytes.toString('latin1');
      this.#wake();
    });
  }

  /** Boots the board if need be and enters the raw REPL. */
  async enter(timeoutMs = 60000) {
    this.pico.start();
    if (!this.pico.connected) await new Promise((resolve) => this.pico.once('connected', resolve));
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      // bytes sent while the firmware is still booting may be taken for its Ctrl-C, so ask again
      this.#write('\r' + CTRL_C + CTRL_C + CTRL_A);
      try {
        await this.#until(RAW_PROMPT, ENTER_ATTEMPT_MS);
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
    }
  }

  /** Leaves the raw REPL for the friendly one. */
  leave() {
    this.#write(CTRL_B);
  }

  /** Runs *code* to its end; returns its output and its traceback. *onOutput* sees the output as it comes. */
  async exec(code, { timeoutMs = 600000, onOutput = null } = {}) {
    this.#write(Buffer.from(code, 'utf8'));
    this.#write(CTRL_D);
    await this.#until('OK', timeoutMs);
    this.#echo = onOutput;
    const output = await this.#until(CTRL_D, timeoutMs);
    this.#echo = null;
    const error = await this.#until(CTRL_D + '>', timeoutMs);
    return { output, error };
  }

  /** As exec(), but a traceback is an Error here too. */
  async run(code, options) {
    const { output, error } = await this.exec(code, options);
    if (error) throw new Error(`the board raised:\n${error}`);
    return output;
  }

  /** Resolves when a program that the board has started by itself prints *text*. */
  async printed(text, timeoutMs = 600000) {
    await this.#until(text, timeoutMs);
  }

  /** Writes a file on the board. */
  async upload(path, contents) {
    await this.run(`from binascii import unhexlify\nfile = open(${JSON.stringify(path)}, 'wb')`);
    for (let at = 0; at < contents.length; at += UPLOAD_BYTES) {
      await this.run(`file.write(unhexlify('${contents.toString('hex', at, at + UPLOAD_BYTES)}'))`);
    }
    await this.run('file.close()\ndel file, unhexlify');
  }

  /** Stops the program that runs, as Ctrl-C does. */
  interrupt() {
    this.#write(CTRL_C);
  }

  #write(data) {
    this.pico.usb.send(Buffer.from(data, 'latin1'));
  }

  #wake() {
    if (!this.#waiting) return;
    const { text, resolve } = this.#waiting;
    const found = this.#received.indexOf(text);
    if (this.#echo) this.#showOutput(found);
    if (found < 0) return;
    const before = this.#received.slice(0, found);
    this.#received = this.#received.slice(found + text.length);
    this.#shown = 0;
    resolve(before);
    this.pico.yield();
  }

  #showOutput(found) {
    const end = found < 0 ? this.#received.length : found;
    if (end > this.#shown) this.#echo(this.#received.slice(this.#shown, end));
    this.#shown = end;
  }

  #until(text, timeoutMs) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting = null;
        const seen = JSON.stringify(this.#received.slice(-400));
        reject(new Error(`the board did not print ${JSON.stringify(text)} within ${timeoutMs} ms; last: ${seen}`));
      }, timeoutMs);
      const settle = (value) => {
        clearTimeout(timer);
        this.#waiting = null;
        resolve(value);
      };
      this.#waiting = { text, resolve: settle };
      this.#wake();
    });
  }
}
