// The host's side of the board's USB serial port (CDC).

import { USBCDC } from 'rp2040js';

export class UsbSerial {
  #queue = []; // chunks the board has not asked for yet
  #request = null; // the OUT endpoint's armed transfer: the board waits for at most `size` bytes

  /** *onData* gets a Buffer of what the board prints; *onConnected* is called when the port is configured. */
  constructor(controller, { onData, onConnected }) {
    this.controller = controller;
    this.cdc = new USBCDC(controller);
    this.cdc.onSerialData = (bytes) => onData(Buffer.from(bytes));
    this.cdc.onDeviceConnected = onConnected;
    // rp2040js 1.4.1 answers every armed OUT endpoint at once, with an empty packet if it has nothing to send: an
    // interrupt each 32 us for ever, that slows the program down 2.6 times. Answer only when there are bytes.
    controller.onEndpointRead = (endpoint, size) => {
      if (endpoint !== this.cdc.outEndpoint) return;
      this.#request = { endpoint, size };
      this.#answer();
    };
  }

  /** Sends bytes to the board. */
  send(bytes) {
    if (bytes.length) this.#queue.push(Buffer.from(bytes));
    this.#answer();
  }

  #answer() {
    if (!this.#request || !this.#queue.length) return;
    const { endpoint, size } = this.#request;
    const [chunk] = this.#queue;
    this.#request = null;
    if (chunk.length > size) this.#queue[0] = chunk.subarray(size);
    else this.#queue.shift();
    this.controller.endpointReadDone(endpoint, chunk.subarray(0, size));
  }
}
