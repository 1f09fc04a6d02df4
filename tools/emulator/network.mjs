// The board's network: a PPP link on a UART, and behind it the host. Host programs reach the board's ports on 127.0.0.1;
// the board reaches the host as 10.64.0.1 (its loopback interface), everything else by the address it uses.

import dgram from 'node:dgram';
import net from 'node:net';
import { answerDnsQuery } from './dns.mjs';
import { TCP, UDP, ipPacket, parseIp, parseUdp, udpSegment } from './ip.mjs';
import { Ppp } from './ppp.mjs';
import { TcpStack } from './tcp.mjs';

export const HOST_ADDRESS = '10.64.0.1', BOARD_ADDRESS = '10.64.0.2';
const LOOPBACK = '127.0.0.1', DNS_PORT = 53, UDP_IDLE_MS = 60000;

export class Network {
  #udpSockets = new Map(); // by the board's port
  #upWaiters = [];

  constructor(pico, { uart = 0 } = {}) {
    this.pico = pico;
    this.uart = uart;
    this.ppp = new Ppp({
      local: HOST_ADDRESS,
      remote: BOARD_ADDRESS,
      write: (bytes) => pico.uart[uart].send(bytes),
      onPacket: (packet) => this.#packet(packet),
      onUp: () => this.#upWaiters.splice(0).forEach((resolve) => resolve()),
      onDown: () => this.tcp.linkDown(),
    });
    this.tcp = new TcpStack({
      local: this.ppp.local,
      remote: this.ppp.remote,
      after: (microseconds, callback) => pico.after(microseconds, callback),
      send: (source, segment) => this.ppp.send(ipPacket(TCP, source, this.ppp.remote, segment)),
      onIncoming: (connection, decision) => this.#outbound(connection, decision),
    });
    pico.on('uart', (number, byte) => number === uart && this.ppp.receive(byte));
    pico.on('reset', () => this.ppp.reset());
  }

  /** Resolves when the board has brought its PPP link up. */
  up() {
    return this.ppp.up ? Promise.resolve() : new Promise((resolve) => this.#upWaiters.push(resolve));
  }

  /** Serves a port of the board on 127.0.0.1; resolves to the net.Server. Port 0 takes a free one. */
  serve(boardPort, hostPort = 0) {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const connection = this.tcp.connect(boardPort, {});
      join(this.pico, socket, connection);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(hostPort, LOOPBACK, () => resolve(server));
    });
  }

  #packet(packet) {
    const parsed = parseIp(packet);
    if (!parsed) return;
    if (parsed.protocol === TCP) this.tcp.receive(parsed.destination, parsed.segment);
    else if (parsed.protocol === UDP) this.#datagram(parsed.destination, parsed.segment);
  }

  #hostAddress(address) {
    return address.equals(this.ppp.local) ? LOOPBACK : address.join('.');
  }

  #outbound(connection, { start, refuse }) {
    const { address, port } = connection.key.local;
    const socket = net.connect({ host: this.#hostAddress(address), port, allowHalfOpen: true, noDelay: true });
    socket.once('error', refuse);
    socket.once('connect', () => {
      socket.off('error', refuse);
      join(this.pico, socket, connection);
      start();
    });
  }

  async #datagram(destination, segment) {
    const datagram = parseUdp(segment);
    if (!datagram) return;
    const { sourcePort, destinationPort, data } = datagram;
    if (destinationPort === DNS_PORT && destination.equals(this.ppp.local)) {
      const answer = await answerDnsQuery(data, { [LOOPBACK]: HOST_ADDRESS });
      if (answer) this.#sendDatagram(this.ppp.local, DNS_PORT, sourcePort, answer);
      return;
    }
    this.#udpSocket(sourcePort).send(data, destinationPort, this.#hostAddress(destination));
  }

  #udpSocket(boardPort) {
    let socket = this.#udpSockets.get(boardPort);
    if (!socket) {
      socket = dgram.createSocket('udp4');
      const close = () => {
        this.#udpSockets.delete(boardPort);
        socket.close();
      };
      const idle = setTimeout(close, UDP_IDLE_MS).unref();
      socket.on('error', () => {}); // as on any network, a datagram that cannot be delivered is lost
      socket.on('message', (data, { address, port }) => {
        idle.refresh();
        const source = address === LOOPBACK ? this.ppp.local : Buffer.from(address.split('.').map(Number));
        this.#sendDatagram(source, port, boardPort, data);
      });
      this.#udpSockets.set(boardPort, socket);
    }
    return socket;
  }

  #sendDatagram(source, sourcePort, boardPort, data) {
    const segment = udpSegment(source, this.ppp.remote, sourcePort, boardPort, data);
    this.ppp.send(ipPacket(UDP, source, this.ppp.remote, segment));
  }
}

// Ties a host socket and a connection of the board's together, with back-pressure both ways.
function join(pico, socket, connection) {
  Object.assign(connection, {
    onData(data) {
      socket.write(data, () => connection.consumed(data.length));
      pico.yield();
    },
    onEnd() {
      socket.end();
      pico.yield();
    },
    onDrain: () => socket.resume(),
    onClose(error) {
      if (error) socket.resetAndDestroy();
      else socket.destroySoon();
      pico.yield();
    },
  });
  socket.on('data', (data) => {
    connection.write(data);
    if (connection.buffered > connection.sendMark) socket.pause();
  });
  socket.on('end', () => connection.end());
  socket.on('error', () => connection.reset());
  socket.on('close', () => connection.end());
}
