import type { WebSocket } from "ws";
import type { OpenedRtp } from "./rtp-packet.ts";
import type { MediaPort, Sfu } from "./sfu.ts";
import type { VoiceFaults } from "./voice-faults.ts";

export const TRANSPORT_MODE = "aead_aes256_gcm_rtpsize";
/** DAVE messages that clients send as bytes: key package, and commit with welcome. */
const BINARY_OPS = new Set([26, 28]);
const BUFFER_LIMIT = 1000;

export type Admission = {
  readonly guildId: string;
  readonly channelId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly token: string;
};

/** What a session tells its server. */
export type SessionEvents = {
  /** The transport is up (after op 4). */
  readonly ready: (session: GatewayClient) => void;
  readonly media: (session: GatewayClient, packet: OpenedRtp) => void;
  readonly speaking: (session: GatewayClient, flags: number) => void;
  readonly dave: (session: GatewayClient, op: number, body: unknown) => void;
  readonly left: (session: GatewayClient) => void;
  readonly problem: (text: string) => void;
};

type Buffered = { readonly seq: number; readonly data: string | Buffer };

/**
 * Lives on the simulator's thread: one client's voice session, which survives its websocket. Server messages but for ops
 * 2, 6, 8 and 9 are numbered and kept for a resume.
 */
export class GatewayClient {
  readonly simulated = false;
  readonly admission: Admission;
  readonly port: MediaPort;
  readonly #sfu: Sfu;
  readonly #faults: VoiceFaults;
  readonly #events: SessionEvents;
  /** Messages repeated at resumes. */
  repeated = 0;
  readonly #buffer: Buffered[] = [];
  readonly #daveVersion: number;
  #socket: WebSocket | undefined;
  #seq = 0;
  #ready = false;
  #closed = false;
  /** Numbered messages that wait for `release`; undefined while nothing is held back. */
  #withheld: Buffered[] | undefined;

  constructor(
    admission: Admission,
    daveVersion: number,
    ssrc: number,
    sfu: Sfu,
    faults: VoiceFaults,
    events: SessionEvents,
  ) {
    this.admission = admission;
    this.#daveVersion = daveVersion;
    this.#sfu = sfu;
    this.#faults = faults;
    this.#events = events;
    this.port = sfu.open(ssrc, (packet) => events.media(this, packet));
  }

  get userId(): string {
    return this.admission.userId;
  }

  get ssrc(): number {
    return this.port.ssrc;
  }

  /** Whether the transport is up. */
  get isReady(): boolean {
    return this.#ready;
  }

  /** Takes over a websocket that has just identified (op 0). */
  identified(socket: WebSocket): void {
    this.#adopt(socket);
    this.#send(2, {
      ssrc: this.ssrc,
      ip: this.#sfu.address,
      port: this.#sfu.port,
      modes: [TRANSPORT_MODE],
      experiments: [],
    });
  }

  /** Takes over a websocket that resumes (op 7) and repeats what it has missed. */
  resumed(socket: WebSocket, seqAck: number): void {
    this.#adopt(socket);
    if (!this.#faults.replayBeforeResumed) this.#send(9, null);
    for (const { seq, data } of this.#buffer) {
      if (seq <= seqAck) continue;
      socket.send(data);
      this.repeated++;
    }
    if (this.#faults.replayBeforeResumed) this.#send(9, null);
  }

  /** Sends a numbered JSON message, now or at the next resume. */
  json(op: number, data: unknown): void {
    if (this.#closed) return;
    const seq = ++this.#seq;
    this.#keep({ seq, data: JSON.stringify({ op, d: data, seq }) });
  }

  /** Sends a numbered binary message: `u16 seq | u8 op | body`. */
  binary(op: number, body: Buffer): void {
    if (this.#closed) return;
    const seq = ++this.#seq;
    const head = Buffer.alloc(3);
    head.writeUInt16BE(seq & 0xffff, 0);
    head.writeUInt8(op, 2);
    this.#keep({ seq, data: Buffer.concat([head, body]) });
  }

  /** Holds numbered messages back until `release`, as a websocket that stalls; media goes on. */
  hold(): void {
    this.#withheld ??= [];
  }

  /** Sends what was held back, in order. */
  release(): void {
    const withheld = this.#withheld ?? [];
    this.#withheld = undefined;
    for (const { data } of withheld) this.#socket?.send(data);
  }

  /** Forwards a packet to the client, if it listens. */
  media(packet: OpenedRtp): void {
    if (this.#ready) this.#sfu.send(this.port, packet);
  }

  /** Drops the websocket (1006) or closes it; the session stays for a resume. */
  drop(code: number): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (code === 1006) socket?.terminate();
    else socket?.close(code);
  }

  /** Ends the session; with a code, its websocket too. */
  end(code: number): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ready = false;
    this.#sfu.closePort(this.port);
    this.drop(code);
    this.#events.left(this);
  }

  #adopt(socket: WebSocket): void {
    this.#socket = socket;
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (this.#socket !== socket) return;
      if (isBinary) this.#takeBinary(data);
      else this.#takeJson(data);
    });
    socket.on("close", (code) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (code === 1000) this.end(1000); // goodbye; anything else may resume
    });
  }

  #takeBinary(data: Buffer): void {
    const op = data.length > 0 ? data.readUInt8(0) : -1;
    if (BINARY_OPS.has(op)) this.#events.dave(this, op, data.subarray(1));
    else this.#events.problem(`binary op ${op} from ${this.userId}`);
  }

  #takeJson(data: Buffer): void {
    const { op, d } = parseMessage(data);
    if (op === 1) this.#selectProtocol(d);
    else if (op === 3) {
      if (!this.#faults.dropHeartbeatAcks) this.#send(6, { t: d["t"] });
    } else if (op === 5) this.#events.speaking(this, Number(d["speaking"]));
    else if (op === 23 || op === 31) this.#events.dave(this, op, d);
    else this.#events.problem(`op ${op} from ${this.userId}`);
  }

  #selectProtocol(data: Record<string, unknown>): void {
    const chosen = data["data"];
    const mode = typeof chosen === "object" && chosen !== null && "mode" in chosen ? chosen.mode : undefined;
    if (mode !== TRANSPORT_MODE) {
      this.#events.problem(`protocol ${String(mode)} selected`);
      this.end(4012);
      return;
    }
    if (this.port.address === undefined) this.#events.problem("protocol selected before IP discovery");
    this.json(4, {
      mode,
      secret_key: [...this.port.secretKey],
      audio_codec: "opus",
      media_session_id: String(this.ssrc),
      dave_protocol_version: this.#daveVersion,
    });
    this.#ready = true;
    this.#events.ready(this);
  }

  #send(op: number, data: unknown): void {
    this.#socket?.send(JSON.stringify({ op, d: data }));
  }

  #keep(message: Buffered): void {
    this.#buffer.push(message);
    if (this.#buffer.length > BUFFER_LIMIT) this.#buffer.shift();
    if (this.#withheld === undefined) this.#socket?.send(message.data);
    else this.#withheld.push(message);
  }
}

/** A message's op and data; op -1 when it is none. */
export function parseMessage(data: Buffer): { readonly op: number; readonly d: Record<string, unknown> } {
  try {
    const message: unknown = JSON.parse(data.toString());
    if (typeof message !== "object" || message === null || !("op" in message)) return { op: -1, d: {} };
    const d = "d" in message && typeof message.d === "object" && message.d !== null ? message.d : {};
    return { op: Number(message.op), d: Object.fromEntries(Object.entries(d)) };
  } catch {
    return { op: -1, d: {} };
  }
}
