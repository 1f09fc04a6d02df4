// A phone that joins the board's own network: it gets an address from the board, asks the board's DNS, opens pages. It
// knows no other network. When the board's radio moves to another channel, the phone loses it, and stays without a
// network until it is told to join again.

import http from 'node:http';
import { UDP, TCP, ipPacket, parseIp, parseUdp, udpSegment } from '../ip.mjs';
import { LOOPBACK, servePort } from '../sockets.mjs';
import { TcpStack } from '../tcp.mjs';
import { ACK, CLIENT_PORT, DISCOVER, REQUEST, SERVER_PORT, dhcpMessage, parseDhcp } from './dhcp.mjs';
import { ARP, BROADCAST, IPV4, addressBytes, arpPacket, ethernetFrame, parseArp, parseEthernet } from './ethernet.mjs';
import { lookUpQuery, readAnswer } from './names.mjs';

const NOBODY = addressBytes('0.0.0.0'), EVERYONE = addressBytes('255.255.255.255');
const ANSWER_US = 1e6, ATTEMPTS = 4, DNS_PORT = 53, HTTP_PORT = 80, FIRST_PORT = 50000, LAST_PORT = 60000;

export class Phone {
  #transaction = 0x70686f00;
  #port = FIRST_PORT;
  #waiting = new Map(); // { resolve, reject } by a name for the answer
  #servers = new Map(); // by the board's port

  /** *program* is the chip's; *number* tells phones apart. */
  constructor(pico, program, number = 1) {
    Object.assign(this, { pico, program });
    this.hardware = Buffer.from([0x02, 0xf0, 0xee, 0, number >> 8, number & 0xff]);
    this.drops = 0;
    this.#forget();
    this.tcp = new TcpStack({
      local: NOBODY,
      remote: NOBODY,
      after: (microseconds, callback) => pico.after(microseconds, callback),
      send: (source, segment) => this.#send(TCP, this.router, segment),
    });
  }

  #forget() {
    this.ssid = null;
    this.address = this.router = this.dns = NOBODY;
    this.boardHardware = BROADCAST;
  }

  // What the program knows about a phone that has joined.
  get #member() {
    return this.member ??= {
      address: this.hardware,
      onFrame: (frame) => this.#receive(parseEthernet(frame)),
      onDropped: () => {
        this.drops++;
        this.#lost();
      },
    };
  }

  #lost() {
    this.#forget();
    this.tcp.linkDown();
    for (const { reject } of [...this.#waiting.values()]) reject(new Error('the phone has lost the network'));
  }

  get #hasAddress() {
    return !this.address.equals(NOBODY);
  }

  status() {
    const text = (address) => (address.equals(NOBODY) ? null : address.join('.'));
    const { ssid, address, router, dns, drops } = this;
    return { ssid, address: text(address), router: text(router), dns: text(dns), drops };
  }

  /** Joins the board's network and asks for an address; Error when there is none, or a wrong password. */
  async join(ssid, password = null) {
    this.leave();
    this.program.admit(this.#member, Buffer.from(ssid), password);
    this.ssid = ssid;
    const { address, options: { server } } = await this.#dhcp(DISCOVER);
    const { type, options } = await this.#dhcp(REQUEST, { requested: address, server });
    if (type !== ACK) throw new Error(`the board took back the address ${address.join('.')}`);
    Object.assign(this, { address, router: options.router, dns: options.dns });
    Object.assign(this.tcp, { local: this.address, remote: this.router });
    return this.status();
  }

  /** Leaves the network. */
  leave() {
    if (!this.ssid) return;
    this.program.dismiss(this.#member);
    this.#lost();
  }

  /** The addresses that the board's DNS has for a name; it is asked several times, as it may come after the network. */
  async lookUp(name) {
    const { query, identifier } = lookUpQuery(name);
    const answer = await this.exchange(query, DNS_PORT, this.dns, ATTEMPTS);
    if (!answer) throw new Error(`the board's DNS does not answer for ${name}`);
    return readAnswer(answer, identifier);
  }

  /** Sends a datagram to the board; resolves to the answer's bytes, or to null when there is none. */
  exchange(data, port, address = this.router, attempts = 1) {
    if (!this.#hasAddress) throw new Error('the phone is in no network');
    this.#port = this.#port === LAST_PORT ? FIRST_PORT : this.#port + 1;
    const from = this.#port;
    const send = () => this.#send(UDP, address, udpSegment(this.address, address, from, port, data));
    return this.#ask(`datagram ${from}`, send, attempts);
  }

  /** Serves a port of the board, as the phone reaches it, on 127.0.0.1; resolves to the number of that port. */
  async forward(boardPort) {
    if (!this.#servers.has(boardPort)) {
      const connect = () => (this.#hasAddress ? this.tcp.connect(boardPort, {}) : null);
      this.#servers.set(boardPort, await servePort(this.pico, connect));
    }
    return this.#servers.get(boardPort).address().port;
  }

  /**
   * Opens a page as a browser does, but follows no redirect: looks the name up, connects, and sends the request.
   * Resolves to `status`, `headers` and `body`.
   */
  async open(url, { method = 'GET', headers = {}, body = null } = {}) {
    const { hostname, port, host, pathname, search } = new URL(url);
    const isAddress = /^[\d.]+$/.test(hostname), [address] = isAddress ? [hostname] : await this.lookUp(hostname);
    if (address !== this.router.join('.')) {
      const only = this.router.join('.');
      throw new Error(`${hostname} is ${address ?? 'unknown'} here, and this network leads to ${only} only`);
    }
    const options = {
      method, host: LOOPBACK, port: await this.forward(Number(port) || HTTP_PORT), path: pathname + search,
      headers: { Host: host, ...headers }, agent: false,
    };
    return new Promise((resolve, reject) => {
      const request = http.request(options, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status, headers: fields } = response;
          resolve({ status, headers: fields, body: Buffer.concat(chunks).toString('latin1') });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  // ---- packets

  #send(protocol, destination, segment) {
    const packet = ipPacket(protocol, this.address, destination, segment);
    const to = destination.equals(EVERYONE) ? BROADCAST : this.boardHardware;
    this.program.deliverFrom(this.#member, ethernetFrame(to, this.hardware, IPV4, packet));
  }

  #receive(frame) {
    if (frame?.type === ARP) this.#arp(parseArp(frame.packet));
    if (frame?.type !== IPV4) return;
    const ip = parseIp(frame.packet);
    if (!ip) return;
    this.boardHardware = Buffer.from(frame.source);
    if (ip.protocol === UDP) this.#datagram(parseUdp(ip.segment));
    else if (ip.protocol === TCP && ip.destination.equals(this.address)) this.tcp.receive(ip.destination, ip.segment);
  }

  #arp(question) {
    if (!question?.isRequest || !question.target.address.equals(this.address)) return;
    const answer = arpPacket({ hardware: this.hardware, address: this.address }, question.sender);
    this.program.deliverFrom(this.#member, ethernetFrame(question.sender.hardware, this.hardware, ARP, answer));
  }

  #datagram(datagram) {
    if (!datagram) return;
    const { destinationPort, data } = datagram;
    if (destinationPort === CLIENT_PORT) {
      const message = parseDhcp(data);
      if (message?.hardware.equals(this.hardware)) this.#answered(`dhcp ${message.transaction}`, message);
    } else {
      this.#answered(`datagram ${destinationPort}`, Buffer.from(data));
    }
  }

  async #dhcp(type, options = {}) {
    const transaction = ++this.#transaction;
    const message = dhcpMessage({ type, transaction, hardware: this.hardware, options });
    const send = () => this.#send(UDP, EVERYONE, udpSegment(NOBODY, EVERYONE, CLIENT_PORT, SERVER_PORT, message));
    const answer = await this.#ask(`dhcp ${transaction}`, send);
    if (!answer) throw new Error('the board gives no address: its DHCP does not answer');
    return answer;
  }

  // Sends, several times if there is no answer; resolves to what #answered() gets under *name*, or to null.
  #ask(name, send, attempts = ATTEMPTS) {
    return new Promise((resolve, reject) => {
      let timer;
      const settle = (done) => (value) => {
        timer.cancel();
        this.#waiting.delete(name);
        done(value);
        this.pico.yield();
      };
      const waiting = { resolve: settle(resolve), reject: settle(reject) };
      const attempt = (left) => {
        if (!left) return waiting.resolve(null);
        timer = this.pico.after(ANSWER_US, () => attempt(left - 1));
        return send();
      };
      this.#waiting.set(name, waiting);
      attempt(attempts);
    });
  }

  #answered(name, answer) {
    this.#waiting.get(name)?.resolve(answer);
  }
}
