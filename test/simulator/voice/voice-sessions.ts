import { randomBytes } from "node:crypto";
import type { WebSocket } from "ws";
import { parseMessage } from "./gateway-client.ts";
import type { Admission, GatewayClient } from "./gateway-client.ts";
import type { VoiceFaults } from "./voice-faults.ts";

/** Lives on the simulator's thread: who may have a session of the voice gateway, who asks for one, and who has one. */
export class VoiceSessions {
  /** How often clients asked for a session, and how many resumed one. */
  readonly counts = { identified: 0, resumed: 0 };
  readonly #dave: boolean;
  readonly #faults: VoiceFaults;
  readonly #problem: (text: string) => void;
  readonly #open: (admission: Admission) => GatewayClient;
  /** By token. */
  readonly #admissions = new Map<string, Admission>();
  readonly #clients = new Set<GatewayClient>();

  constructor(options: {
    readonly dave: boolean;
    readonly faults: VoiceFaults;
    readonly problem: (text: string) => void;
    /** Makes the session of somebody who may have one. */
    readonly open: (admission: Admission) => GatewayClient;
  }) {
    this.#dave = options.dave;
    this.#faults = options.faults;
    this.#problem = options.problem;
    this.#open = options.open;
  }

  /** Gives a new token, which lets a client have this session. */
  admit(session: Omit<Admission, "token">): string {
    const token = randomBytes(8).toString("hex");
    this.#admissions.set(token, { ...session, token });
    return token;
  }

  /** Makes a user's tokens void, and ends their sessions with this code. */
  dismiss(guildId: string, userId: string, code: number): void {
    for (const [token, admission] of this.#admissions)
      if (admission.guildId === guildId && admission.userId === userId) this.#admissions.delete(token);
    for (const client of this.#clients)
      if (client.admission.guildId === guildId && client.userId === userId) client.end(code);
  }

  /** The session of a user; throws where there is none. */
  of(userId: string): GatewayClient {
    const client = [...this.#clients].find((candidate) => candidate.userId === userId);
    if (client === undefined) throw new Error(`${userId} has no voice session.`);
    return client;
  }

  /** A session has ended. */
  forget(client: GatewayClient): void {
    this.#clients.delete(client);
  }

  endAll(code: number): void {
    for (const client of this.#clients) client.end(code);
  }

  /** Takes a client that connects: it identifies itself or resumes. */
  greet(socket: WebSocket): void {
    socket.on("error", (error) => this.#problem(`websocket: ${error.message}`));
    socket.send(JSON.stringify({ op: 8, d: { v: 8, heartbeat_interval: this.#faults.heartbeatIntervalMs } }));
    const first = (data: Buffer, isBinary: boolean): void => {
      const { op, d } = isBinary ? { op: -1, d: {} } : parseMessage(data);
      if (op === 3) return socket.send(JSON.stringify({ op: 6, d: { t: d["t"] } }));
      socket.off("message", first);
      if (op === 0) this.#identify(socket, d);
      else if (op === 7) this.#resume(socket, d);
      else {
        this.#problem(`op ${op} before identify`);
        socket.close(4003);
      }
    };
    socket.on("message", first);
  }

  #identify(socket: WebSocket, data: Record<string, unknown>): void {
    const admission = this.#admissions.get(String(data["token"]));
    if (
      admission === undefined ||
      data["server_id"] !== admission.guildId ||
      data["user_id"] !== admission.userId
    )
      return socket.close(4004); // a client that was dismissed meanwhile is no fault of its own
    if (data["session_id"] !== admission.sessionId) return socket.close(4006);
    this.counts.identified++;
    if (this.#faults.refuseWith !== undefined) return socket.close(this.#faults.refuseWith);
    const version = Number(data["max_dave_protocol_version"] ?? 0);
    if (this.#dave && version < 1) return socket.close(4017);
    for (const client of this.#clients)
      if (client.admission.guildId === admission.guildId && client.userId === admission.userId)
        client.end(4006);
    const client = this.#open(admission);
    this.#clients.add(client);
    client.identified(socket);
  }

  #resume(socket: WebSocket, data: Record<string, unknown>): void {
    const client = [...this.#clients].find(({ admission }) => admission.token === data["token"]);
    if (client === undefined || this.#faults.refuseResume) {
      client?.end(4006);
      return socket.close(4006);
    }
    this.counts.resumed++;
    const resume = (): void => client.resumed(socket, Number(data["seq_ack"]));
    if (this.#faults.resumeDelayMs > 0) setTimeout(resume, this.#faults.resumeDelayMs);
    else resume();
  }
}
