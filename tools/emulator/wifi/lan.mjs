// The network behind the access points that the board joins: a router that answers ARP and gives addresses by DHCP. It
// is a link like Ppp: IPv4 packets go to and come from `Network`.

import { UDP, ipPacket, parseIp, parseUdp, udpSegment } from '../ip.mjs';
import { ACK, CLIENT_PORT, DISCOVER, NAK, OFFER, REQUEST, SERVER_PORT, dhcpMessage, parseDhcp } from './dhcp.mjs';
import { ARP, BROADCAST, IPV4, addressBytes, arpPacket, ethernetFrame, parseArp, parseEthernet } from './ethernet.mjs';

const ROUTER_MAC = Buffer.from('02c0ffee00fe', 'hex'), EVERYONE = addressBytes('255.255.255.255');
const SUBNET = addressBytes('255.255.255.0'), LEASE_SECONDS = Buffer.from([0, 1, 0x51, 0x80]); // a day
const UNKNOWN = addressBytes('0.0.0.0');

export class Lan {
  /**
   * *write* puts a frame into the air; *onPacket* gets each IP packet; *onUp* and *onDown* tell whether the board has
   * an address. *remote* is the address that the router gives to the board; a board may also take another one itself.
   */
  constructor({ write, onPacket, onUp = () => {}, onDown = () => {}, local, remote }) {
    Object.assign(this, { write, onPacket, onUp, onDown });
    this.local = addressBytes(local);
    this.remote = this.lease = addressBytes(remote);
    this.hardware = BROADCAST; // the board's
    this.up = false;
    this.damagedFrames = 0;
    this.network = null;
  }

  /** The board has joined *network* (of `Air`), which leads here. */
  joined(network) {
    this.network = network;
  }

  /** The board has left its network, or lost its power. */
  reset() {
    this.network = null;
    if (!this.up) return;
    this.up = false;
    this.onDown();
  }

  /** Sends an IP packet to the board. */
  send(packet) {
    if (this.up) this.#frame(IPV4, packet);
  }

  /** Takes a frame from the board. */
  receive(bytes) {
    const frame = parseEthernet(bytes);
    if (!frame || !this.network) return;
    this.hardware = Buffer.from(frame.source);
    if (frame.type === ARP) this.#arp(parseArp(frame.packet));
    else if (frame.type === IPV4) this.#ip(frame.packet);
  }

  #frame(type, packet, destination = this.hardware) {
    this.write(ethernetFrame(destination, ROUTER_MAC, type, packet));
  }

  #arp(question) {
    if (!question?.isRequest) return;
    const { sender, target } = question;
    this.#seen(sender.address);
    if (target.address.equals(this.remote)) return; // the board asks whether anybody else has its address
    this.#frame(ARP, arpPacket({ hardware: ROUTER_MAC, address: target.address }, sender));
  }

  #ip(packet) {
    const ip = parseIp(packet);
    if (!ip) return;
    const datagram = ip.protocol === UDP ? parseUdp(ip.segment) : null;
    if (datagram?.destinationPort === SERVER_PORT) {
      if (this.network.dhcp) this.#dhcp(parseDhcp(datagram.data));
      return;
    }
    this.#seen(ip.source);
    if (this.up) this.onPacket(packet);
  }

  // The board uses *address*: the router's lease, or its own choice.
  #seen(address) {
    if (address.equals(UNKNOWN) || address.compare(this.local, 0, 3, 0, 3)) return;
    if (this.up && address.equals(this.remote)) return;
    this.remote = Buffer.from(address);
    this.up = true;
    this.onUp();
  }

  #dhcp(message) {
    if (message?.type === DISCOVER) {
      this.#answer(OFFER, message);
    } else if (message?.type === REQUEST) {
      const { requested } = message.options;
      this.#answer(requested && !requested.equals(this.lease) ? NAK : ACK, message);
    }
  }

  #answer(type, { transaction, hardware }) {
    const { local } = this;
    const options = { server: local, lease: LEASE_SECONDS, subnet: SUBNET, router: local, dns: local };
    const message = dhcpMessage({ type, transaction, hardware, address: this.lease, options });
    const segment = udpSegment(local, EVERYONE, SERVER_PORT, CLIENT_PORT, message);
    this.#frame(IPV4, ipPacket(UDP, local, EVERYONE, segment), BROADCAST);
    if (type === ACK) this.#seen(this.lease);
  }
}
