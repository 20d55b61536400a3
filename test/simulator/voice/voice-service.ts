import { randomBytes } from "node:crypto";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { AddressInfo } from "node:net";
import { performance } from "node:perf_hooks";
import { WebSocketServer } from "ws";
import { Pacer } from "../people/pacer.ts";
import { Seat } from "../people/seat.ts";
import type { SenderTraits } from "../people/seat.ts";
import { createExternalSender } from "../dave/room.ts";
import type { ExternalSender } from "../dave/room.ts";
import { makeCertificates } from "./certificates.ts";
import type { Certificates } from "./certificates.ts";
import { DaveDelivery } from "./dave-delivery.ts";
import { GatewayClient } from "./gateway-client.ts";
import type { Admission, SessionEvents } from "./gateway-client.ts";
import type { NetworkConditions, NetworkTotals } from "./netem.ts";
import type { ReportType } from "./rtcp-packet.ts";
import { Sfu } from "./sfu.ts";
import { noVoiceFaults } from "./voice-faults.ts";
import type { VoiceFaults } from "./voice-faults.ts";
import { VoiceRoom } from "./voice-room.ts";
import { VoiceSessions } from "./voice-sessions.ts";

export type { Seat, SenderTraits } from "../people/seat.ts";

const DISCONNECTED = 4014;

/**
 * Lives on the simulator's thread: a voice server (gateway v8 over wss, media over UDP) with the simulated people in
 * it. One instance serves every channel.
 */
export class VoiceService {
  readonly caPem: string;
  /** What went wrong on the client's side: protocol violations, packets that do not open. */
  readonly problems: string[];
  /** What the server does wrong on purpose. */
  readonly faults: VoiceFaults;
  /** How often clients could not follow a change of keys and asked for new ones (op 31). */
  keyRequests = 0;
  readonly #dave: boolean;
  readonly #externalSender: ExternalSender = createExternalSender();
  readonly #sfu: Sfu;
  readonly #https: Server;
  readonly #sockets: WebSocketServer;
  /** By how fast their clocks are, in millionths, and where their frames begin. */
  readonly #pacers = new Map<string, Pacer>();
  readonly #rooms = new Map<string, VoiceRoom>();
  readonly #sessions: VoiceSessions;
  readonly #seats = new Set<Seat>();
  /** Packets by user. */
  readonly #heard = new Map<string, number>();
  #lastSsrc = randomBytes(2).readUInt16BE(0) + 1000;
  #closing: Promise<void> | undefined;

  private constructor(
    dave: boolean,
    certificates: Certificates,
    sfu: Sfu,
    faults: VoiceFaults,
    problems: string[],
  ) {
    this.#dave = dave;
    this.caPem = certificates.caPem;
    this.#sfu = sfu;
    this.faults = faults;
    this.problems = problems;
    this.#https = createServer({ cert: certificates.certificatePem, key: certificates.privateKeyPem });
    this.#sockets = new WebSocketServer({ server: this.#https });
    this.#sessions = new VoiceSessions({
      dave,
      faults,
      problem: this.#problem,
      open: (admission) => this.#open(admission),
    });
    this.#sockets.on("connection", (socket) => this.#sessions.greet(socket));
  }

  /** Starts on free ports of `host`, an IPv4 address of this machine: what op 2 tells clients. */
  static async start(options: { readonly dave: boolean; readonly host?: string }): Promise<VoiceService> {
    const { dave, host = "127.0.0.1" } = options;
    const problems: string[] = [];
    const faults = noVoiceFaults();
    const certificates = await makeCertificates(host);
    const sfu = await Sfu.start(host, faults, (text) => problems.push(`voice: ${text}`));
    const service = new VoiceService(dave, certificates, sfu, faults, problems);
    await new Promise<void>((resolve) => service.#https.listen(0, host, resolve));
    return service;
  }

  /** How often clients asked for a session, and how many resumed one. */
  get counts(): { readonly identified: number; readonly resumed: number } {
    return this.#sessions.counts;
  }

  /** A client of the main gateway enters a channel: what VOICE_SERVER_UPDATE must say. Each call gives a new token. */
  admit(session: {
    readonly guildId: string;
    readonly channelId: string;
    readonly userId: string;
    readonly sessionId: string;
  }): { token: string; endpoint: string } {
    const { address, port } = this.#https.address() as AddressInfo;
    return { token: this.#sessions.admit(session), endpoint: `${address}:${port}` };
  }

  /** It left, moved or was kicked on the main gateway: its tokens are void, its voice websocket closes with this code. */
  dismiss(guildId: string, userId: string, code: number = DISCONNECTED): void {
    this.#sessions.dismiss(guildId, userId, code);
  }

  /**
   * A simulated person enters the channel in-process. With DAVE it resolves once the person's encryption is ready, unless
   * the person is alone. Rejects after 15 s without.
   */
  async seat(person: {
    readonly guildId: string;
    readonly channelId: string;
    readonly userId: string;
    readonly traits?: SenderTraits;
  }): Promise<Seat> {
    const { traits = {} } = person;
    const room = this.#room(person.guildId, person.channelId);
    const seat = new Seat({
      userId: person.userId,
      ssrc: this.freshSsrc(),
      room,
      pacer: this.#pacerOf(traits),
      traits,
      dave: this.#dave,
      problem: this.#problem,
      onLeave: () => this.#seats.delete(seat),
    });
    this.#seats.add(seat);
    room.join(seat);
    await seat.ready();
    return seat;
  }

  /**
   * Resolves once nobody's coming or going is being worked into the channel's keys: whoever speaks from now on can be
   * opened by everybody present. At once without DAVE. Rejects at the deadline.
   */
  async encryptionSettled(guildId: string, channelId: string, timeoutMs = 60_000): Promise<void> {
    const room = this.#room(guildId, channelId);
    const deadline = performance.now() + timeoutMs;
    while (room.encryption?.settled === false) {
      if (performance.now() > deadline)
        throw new Error(`Keys of channel ${channelId} not settled in ${timeoutMs} ms.`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** An SSRC that nobody has had. */
  freshSsrc(): number {
    this.#lastSsrc += 1 + (randomBytes(1).readUInt8(0) & 15);
    return this.#lastSsrc;
  }

  /** Ends (0) or begins (1) the end-to-end encryption of a channel in mid-call. */
  changeEncryption(guildId: string, channelId: string, version: 0 | 1): void {
    this.#room(guildId, channelId).encryption?.change(version);
  }

  /** Packets that came from a user's clients and opened, also after they left; 0 for people unknown here. */
  heardFrom(userId: string): number {
    return this.#heard.get(userId) ?? 0;
  }

  /** Spoils what a client receives from now on; undefined heals. Gives the totals of what is done to it. */
  spoil(userId: string, conditions: NetworkConditions | undefined): NetworkTotals | undefined {
    return this.#sfu.spoil(this.#sessions.of(userId).port, conditions);
  }

  /** Sends a client a sender or receiver report about an SSRC. */
  sendReport(userId: string, type: ReportType, ssrc: number): void {
    this.#sfu.sendReport(this.#sessions.of(userId).port, type, ssrc);
  }

  /** Sends a client a binary message of the voice gateway that nobody means, such as a commit of another group. */
  sendBinary(userId: string, op: number, body: Buffer): void {
    this.#sessions.of(userId).binary(op, body);
  }

  /** Stalls a client's voice websocket: messages to it wait for `releaseMessages`, media goes on. */
  holdMessages(userId: string): void {
    this.#sessions.of(userId).hold();
  }

  /** Sends what was held back, in order. */
  releaseMessages(userId: string): void {
    this.#sessions.of(userId).release();
  }

  /** Sends a client a datagram as it is. */
  injectRaw(userId: string, datagram: Buffer): void {
    this.#sfu.inject(this.#sessions.of(userId).port, datagram);
  }

  /** How many messages a client missed and got at its resumes. */
  repeatedTo(userId: string): number {
    return this.#sessions.of(userId).repeated;
  }

  /** Closes a client's voice websocket; 1006 drops it without a word. Below 4000 and with 4015 it may resume. */
  closeClient(userId: string, code: number): void {
    const client = this.#sessions.of(userId);
    if (code < 4000 || code === 4015) client.drop(code);
    else client.end(code);
  }

  /** The next `count` IP discovery requests stay unanswered. */
  dropDiscovery(count = 1): void {
    this.faults.dropDiscoveries = count;
  }

  /** Drops everybody and frees the ports. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      for (const pacer of this.#pacers.values()) pacer.close();
      await Promise.all([...this.#seats].map((seat) => seat.leave()));
      this.#sessions.endAll(1006);
      for (const room of this.#rooms.values()) room.encryption?.close();
      for (const socket of this.#sockets.clients) socket.terminate();
      this.#sockets.close();
      this.#https.closeAllConnections();
      await new Promise<void>((resolve) => this.#https.close(() => resolve()));
      await this.#sfu.close();
    })();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  readonly #problem = (text: string): void => void this.problems.push(`voice: ${text}`);

  readonly #events: SessionEvents = {
    ready: (client) => this.#roomOf(client).join(client),
    media: (client, packet) => {
      this.#heard.set(client.userId, this.heardFrom(client.userId) + 1);
      this.#roomOf(client).forward(client, packet);
    },
    speaking: (client, flags) => this.#roomOf(client).speak(client, flags),
    dave: (client, op, body) => {
      if (op === 31) this.keyRequests++;
      this.#roomOf(client).encryption?.receive(client.userId, op, body);
    },
    left: (client) => {
      this.#sessions.forget(client);
      this.#roomOf(client).leave(client);
    },
    problem: this.#problem,
  };

  #open(admission: Admission): GatewayClient {
    const { guildId, channelId } = admission;
    const version = this.#room(guildId, channelId).encryption?.version ?? 0;
    return new GatewayClient(admission, version, this.freshSsrc(), this.#sfu, this.faults, this.#events);
  }

  #room(guildId: string, channelId: string): VoiceRoom {
    const key = `${guildId}/${channelId}`;
    let room = this.#rooms.get(key);
    if (room === undefined) {
      room = new VoiceRoom(channelId, this.faults);
      if (this.#dave) room.encryption = new DaveDelivery(room, this.#externalSender, this.#problem);
      this.#rooms.set(key, room);
    }
    return room;
  }

  #roomOf(client: GatewayClient): VoiceRoom {
    return this.#room(client.admission.guildId, client.admission.channelId);
  }

  #pacerOf({ clockPpm = 0, phaseMs }: SenderTraits): Pacer {
    const key = `${clockPpm}/${phaseMs}`;
    let pacer = this.#pacers.get(key);
    if (pacer === undefined) {
      pacer = new Pacer(clockPpm, phaseMs);
      this.#pacers.set(key, pacer);
    }
    return pacer;
  }
}
