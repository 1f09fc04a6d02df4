// An HTTP client inside the emulator: its requests reach the board's TCP without sockets, so that what it measures
// depends on simulated time only.

/** The fields of every request. */
export const HEADERS = 'Host: 10.64.0.2\r\nAccept: */*\r\n';
const SWITCHING_PROTOCOLS = 101;

/** Resolves after *microseconds* of simulated time. */
export function sleep(pico, microseconds) {
  return new Promise((resolve) => {
    pico.after(microseconds, () => {
      resolve();
      pico.yield();
    });
  });
}

export class Client {
  #received = Buffer.alloc(0);
  #wake = () => {};

  constructor(pico, tcp, port = 80) {
    this.pico = pico;
    this.closed = false;
    const changed = () => {
      this.#wake();
      pico.yield();
    };
    this.connection = tcp.connect(port, {
      onData: (data) => {
        this.#received = Buffer.concat([this.#received, data]);
        this.connection.consumed(data.length);
        changed();
      },
      onEnd: () => {
        this.closed = true;
        this.connection.end();
        changed();
      },
      onClose: () => {
        this.closed = true;
        changed();
      },
    });
  }

  /** Sends a GET; resolves as send() does. */
  get(path, options) {
    return this.send(`GET ${path} HTTP/1.1\r\n${HEADERS}\r\n`, options);
  }

  /**
   * Sends a whole request; resolves to the answer's status, or to null when the board closes the connection or does not
   * answer in *timeoutMicroseconds* of simulated time.
   */
  send(request, options) {
    this.connection.write(Buffer.from(request));
    return this.#until(() => this.#takeResponse(), options);
  }

  /** Sends bytes over a connection that has been upgraded; resolves to *length* bytes of the answer, or to null. */
  exchange(bytes, length, options) {
    this.connection.write(bytes);
    return this.#until(() => (this.#received.length < length ? null : this.#take(length)), options);
  }

  async #until(attempt, { timeoutMicroseconds = 5e6 } = {}) {
    let late = false;
    const timeout = this.pico.after(timeoutMicroseconds, () => {
      late = true;
      this.#wake();
      this.pico.yield();
    });
    for (;;) {
      const result = attempt();
      if (result !== null || this.closed || late) {
        timeout.cancel();
        return result;
      }
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Closes the connection; resolves when the board has closed its side too. */
  async close() {
    this.connection.end();
    while (!this.closed) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #take(length) {
    const taken = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    return taken;
  }

  #takeResponse() {
    const headEnd = this.#received.indexOf('\r\n\r\n') + 4;
    if (headEnd < 4) return null;
    const head = this.#received.toString('latin1', 0, headEnd);
    const status = Number(head.split(' ')[1]), length = /^content-length: *(\d+)/im.exec(head);
    let end = this.closed ? this.#received.length : Infinity;
    if (length) end = headEnd + Number(length[1]);
    else if (status === SWITCHING_PROTOCOLS) end = headEnd;
    if (this.#received.length < end) return null;
    this.#take(end);
    return status;
  }
}
