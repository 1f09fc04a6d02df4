// The board's network: a link (PPP on a UART, or Wi-Fi), and behind it the host. Host programs reach the board's ports on
// 127.0.0.1; the board reaches the host as 10.64.0.1 (its loopback interface), everything else by the address it uses.

import dgram from 'node:dgram';
import net from 'node:net';
import { answerDnsQuery } from './dns.mjs';
import { TCP, UDP, ipPacket, parseIp, parseUdp, udpSegment } from './ip.mjs';
import { pppOnUart } from './ppp.mjs';
import { LOOPBACK, join, servePort } from './sockets.mjs';
import { TcpStack } from './tcp.mjs';

export const HOST_ADDRESS = '10.64.0.1', BOARD_ADDRESS = '10.64.0.2';
const DNS_PORT = 53, UDP_IDLE_MS = 60000;

export class Network {
  #udpSockets = new Map(); // by the board's port
  #upWaiters = [];

  /** *makeLink(pico, options)* makes the link; it gets what `Ppp` takes, without `write`. */
  constructor(pico, makeLink = pppOnUart) {
    this.pico = pico;
    this.link = makeLink(pico, {
      local: HOST_ADDRESS,
      remote: BOARD_ADDRESS,
      onPacket: (packet) => this.#packet(packet),
      onUp: () => this.#up(),
      onDown: () => this.tcp.linkDown(),
    });
    this.tcp = new TcpStack({
      local: this.link.local,
      remote: this.link.remote,
      after: (microseconds, callback) => pico.after(microseconds, callback),
      send: (source, segment) => this.link.send(ipPacket(TCP, source, this.link.remote, segment)),
      onIncoming: (connection, decision) => this.#outbound(connection, decision),
    });
    pico.on('reset', () => this.link.reset());
  }

  #up() {
    this.tcp.remote = this.link.remote;
    this.#upWaiters.splice(0).forEach((resolve) => resolve());
  }

  /** Resolves when the board has brought its link up. */
  up() {
    return this.link.up ? Promise.resolve() : new Promise((resolve) => this.#upWaiters.push(resolve));
  }

  /** Serves a port of the board on 127.0.0.1; resolves to the net.Server. Port 0 takes a free one. */
  serve(boardPort, hostPort = 0) {
    return servePort(this.pico, () => this.tcp.connect(boardPort, {}), hostPort);
  }

  #packet(packet) {
    const parsed = parseIp(packet);
    if (!parsed) return;
    if (parsed.protocol === TCP) this.tcp.receive(parsed.destination, parsed.segment);
    else if (parsed.protocol === UDP) this.#datagram(parsed.destination, parsed.segment);
  }

  #hostAddress(address) {
    return address.equals(this.link.local) ? LOOPBACK : address.join('.');
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
    if (destinationPort === DNS_PORT && destination.equals(this.link.local)) {
      const answer = await answerDnsQuery(data, { [LOOPBACK]: HOST_ADDRESS });
      if (answer) this.#sendDatagram(this.link.local, DNS_PORT, sourcePort, answer);
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
        const source = address === LOOPBACK ? this.link.local : Buffer.from(address.split('.').map(Number));
        this.#sendDatagram(source, port, boardPort, data);
      });
      this.#udpSockets.set(boardPort, socket);
    }
    return socket;
  }

  #sendDatagram(source, sourcePort, boardPort, data) {
    const segment = udpSegment(source, this.link.remote, sourcePort, boardPort, data);
    this.link.send(ipPacket(UDP, source, this.link.remote, segment));
  }
}
