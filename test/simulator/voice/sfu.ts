import { createSecretKey, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { createSocket } from "node:dgram";
import type { RemoteInfo, Socket } from "node:dgram";
import { Netem } from "./netem.ts";
import type { NetworkConditions, NetworkTotals } from "./netem.ts";
import { openRtp, sealRtp } from "./rtp-packet.ts";
import type { OpenedRtp } from "./rtp-packet.ts";
import { sealReport } from "./rtcp-packet.ts";
import type { ReportType } from "./rtcp-packet.ts";
import type { VoiceFaults } from "./voice-faults.ts";

const DISCOVERY_BYTES = 74;
const KEEP_ALIVE_BYTES = 8;
const SOCKET_BUFFER_BYTES = 4 << 20;

/** One client's media path: its key, and where it listens once IP discovery has told. */
export class MediaPort {
  readonly ssrc: number;
  readonly secretKey: Buffer = randomBytes(32);
  readonly key: KeyObject = createSecretKey(this.secretKey);
  readonly onPacket: (packet: OpenedRtp) => void;
  address: string | undefined;
  port = 0;
  /** Nonce counter of what is sent to the client. */
  counter = 0;
  netem: Netem | undefined;

  constructor(ssrc: number, onPacket: (packet: OpenedRtp) => void) {
    this.ssrc = ssrc;
    this.onPacket = onPacket;
  }
}

/** Lives on the simulator's thread: the UDP side of a voice server. Learns addresses, opens what comes, forwards. */
export class Sfu {
  readonly #socket: Socket;
  readonly #ports = new Map<number, MediaPort>();
  readonly #faults: VoiceFaults;
  readonly #problem: (text: string) => void;

  private constructor(faults: VoiceFaults, problem: (text: string) => void) {
    this.#faults = faults;
    this.#problem = problem;
    // A lookup of a literal address would cost every datagram a turn of the event loop.
    this.#socket = createSocket({ type: "udp4", lookup: (host, _options, done) => done(null, host, 4) });
    this.#socket.on("message", (datagram, from) => this.#receive(datagram, from));
    this.#socket.on("error", (error) => problem(`UDP: ${error.message}`));
  }

  /** Binds a free port of an IPv4 address. */
  static async start(host: string, faults: VoiceFaults, problem: (text: string) => void): Promise<Sfu> {
    const sfu = new Sfu(faults, problem);
    await new Promise<void>((resolve) => sfu.#socket.bind(0, host, resolve));
    sfu.#socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
    sfu.#socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
    return sfu;
  }

  get address(): string {
    return this.#socket.address().address;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  open(ssrc: number, onPacket: (packet: OpenedRtp) => void): MediaPort {
    const port = new MediaPort(ssrc, onPacket);
    this.#ports.set(ssrc, port);
    return port;
  }

  closePort(port: MediaPort): void {
    this.#ports.delete(port.ssrc);
    port.address = undefined;
    port.netem?.close();
  }

  /** Spoils what goes to a client from now on; undefined heals. The totals count what was done. */
  spoil(port: MediaPort, conditions: NetworkConditions | undefined): NetworkTotals | undefined {
    port.netem = conditions === undefined ? undefined : new Netem(conditions);
    return port.netem?.totals;
  }

  /** Encrypts for the client's transport and sends. False while the client's address is unknown. */
  send(port: MediaPort, packet: OpenedRtp): boolean {
    if (port.address === undefined) return false;
    const { payload, paddingBytes } = packet;
    const datagram = sealRtp(packet, payload, port.key, ++port.counter, paddingBytes);
    if (port.netem === undefined) this.inject(port, datagram);
    else port.netem.pass(datagram, (spoiled) => this.inject(port, spoiled));
    return true;
  }

  /** Sends a report, encrypted for the client's transport. */
  sendReport(port: MediaPort, type: ReportType, ssrc: number): void {
    this.inject(port, sealReport(type, ssrc, port.key, ++port.counter));
  }

  /** Sends bytes as they are. */
  inject(port: MediaPort, datagram: Buffer): void {
    if (port.address !== undefined) this.#socket.send(datagram, port.port, port.address);
  }

  async close(): Promise<void> {
    for (const port of this.#ports.values()) this.closePort(port);
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    if (datagram.length === DISCOVERY_BYTES && datagram.readUInt16BE(0) === 1) {
      this.#discover(datagram, from);
      return;
    }
    if (datagram.length === KEEP_ALIVE_BYTES) {
      this.#socket.send(datagram, from.port, from.address);
      return;
    }
    if (datagram.length < 12) return this.#problem(`a datagram of ${datagram.length} bytes`);
    const type = datagram.readUInt8(1);
    if (type >= 200 && type <= 207) return; // RTCP
    const port = this.#ports.get(datagram.readUInt32BE(8));
    if (port === undefined) return; // a client that has just left
    const packet = openRtp(datagram, port.key);
    if (packet === undefined) return this.#problem(`a packet of SSRC ${port.ssrc} that does not open`);
    port.onPacket(packet);
  }

  #discover(request: Buffer, from: RemoteInfo): void {
    if (this.#faults.dropDiscoveries > 0) {
      this.#faults.dropDiscoveries--;
      return;
    }
    const port = this.#ports.get(request.readUInt32BE(4));
    if (port === undefined) return this.#problem("IP discovery with an unknown SSRC");
    port.address = from.address;
    port.port = from.port;
    const answer = Buffer.alloc(DISCOVERY_BYTES);
    answer.writeUInt16BE(2, 0);
    answer.writeUInt16BE(70, 2);
    answer.writeUInt32BE(port.ssrc, 4);
    answer.write(from.address, 8, "latin1");
    answer.writeUInt16BE(from.port, DISCOVERY_BYTES - 2);
    this.#socket.send(answer, from.port, from.address);
  }
}
