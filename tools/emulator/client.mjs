// An HTTP client inside the emulator: its requests reach the board's TCP without sockets, so that what it measures
// depends on simulated time only.

const HEADERS = 'Host: 10.64.0.2\r\nAccept: */*\r\n';

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

  /**
   * Sends a GET and resolves to its status, or to null when the board closes the connection or does not answer in
   * *timeoutMicroseconds* of simulated time.
   */
  async get(path, { timeoutMicroseconds = 5e6 } = {}) {
    this.connection.write(Buffer.from(`GET ${path} HTTP/1.1\r\n${HEADERS}\r\n`));
    let late = false;
    const timeout = this.pico.after(timeoutMicroseconds, () => {
      late = true;
      this.#wake();
      this.pico.yield();
    });
    for (;;) {
      const status = this.#takeResponse();
      if (status !== null || this.closed || late) {
        timeout.cancel();
        return status;
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

  #takeResponse() {
    const headEnd = this.#received.indexOf('\r\n\r\n') + 4;
    if (headEnd < 4) return null;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = /^content-length: *(\d+)/im.exec(head);
    const end = length ? headEnd + Number(length[1]) : this.closed ? this.#received.length : Infinity;
    if (this.#received.length < end) return null;
    this.#received = this.#received.subarray(end);
    return Number(head.split(' ')[1]);
  }
}
