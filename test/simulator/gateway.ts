import { randomUUID } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { GatewayIntentBits } from "discord-api-types/v10";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { GatewayClient } from "./gateway-client.ts";
import { GatewaySession } from "./gateway-session.ts";
import { applicationShape, guildCreateShape, selfShape } from "./shapes.ts";
import type { World } from "./world.ts";

/** A bot's wish about its place in voice (gateway op 4), parsed. */
export type VoiceWish = {
  readonly channelId: string | null;
  readonly selfMute: boolean;
  readonly selfDeaf: boolean;
};

export type GatewayOptions = {
  readonly world: World;
  readonly token: string;
  readonly heartbeatIntervalMs: number;
  /** Intents the application was granted in the developer portal, of the privileged ones. */
  readonly privilegedIntents: boolean;
  readonly problem: (text: string) => void;
  readonly onVoiceWish: (sessionId: string, wish: VoiceWish) => void;
  /** The session cannot be resumed any more: the bot is offline, so Discord takes it out of voice. */
  readonly onSessionEnd: (sessionId: string) => void;
};

const PRIVILEGED =
  GatewayIntentBits.GuildMembers | GatewayIntentBits.GuildPresences | GatewayIntentBits.MessageContent;
const SESSION_ENDING_CODES = new Set([1000, 1001, 4004, 4007, 4009]);

/**
 * Lives on the simulator's thread: Discord's main gateway (v10, JSON, uncompressed). It keeps the sessions, numbers and
 * buffers their dispatches, and lets a client that comes back resume where it was.
 */
export class Gateway {
  readonly options: GatewayOptions;
  /** It has no listener of its own: it takes over upgrades of the REST server. */
  readonly #server = new WebSocketServer({ noServer: true });
  readonly #sessions = new Map<string, GatewaySession>();
  readonly #clients = new Set<GatewayClient>();
  #url = "";
  /** Fault: heartbeats stay unanswered, as on a dead connection. */
  dropHeartbeatAcks = false;

  constructor(options: GatewayOptions) {
    this.options = options;
  }

  /** Serves upgrades of that HTTP server; its address must be known. */
  attach(server: Server, host: string, port: number): void {
    this.#url = `ws://${host}:${port}/gateway`;
    server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#server.handleUpgrade(request, socket, head, (client) => this.#accept(client, request.url ?? ""));
    });
  }

  get url(): string {
    return this.#url;
  }

  /** Whether a bot is logged in and connected. */
  get connected(): boolean {
    return [...this.#sessions.values()].some((session) => session.connected);
  }

  /** How many sessions were ever begun and resumed: tests see whether a reconnect really happened. */
  readonly counts = { identified: 0, resumed: 0 };

  /** Sends an event to every session whose intents ask for it (0: to all), and keeps it for those who resume. */
  dispatch(event: string, data: unknown, intents = 0): void {
    for (const session of this.#sessions.values()) {
      if (intents === 0 || (session.intents & intents) !== 0) session.dispatch(event, data);
    }
  }

  /** Closes every connection with this code; 1006 drops the socket without a word. */
  closeConnections(code: number): void {
    for (const client of this.#clients) {
      const { session } = client;
      client.close(code);
      if (session !== undefined && SESSION_ENDING_CODES.has(code)) this.end(session);
    }
  }

  /** Op 7: asks every client to reconnect and resume. */
  requestReconnect(): void {
    for (const client of this.#clients) client.send({ op: 7, d: null });
  }

  /** Op 9 to every client; unless resumable, its session is over first. */
  invalidate(resumable: boolean): void {
    for (const client of this.#clients) {
      const { session } = client;
      client.send({ op: 9, d: resumable });
      if (!resumable && session !== undefined) this.end(session);
    }
  }

  /** Begins a session for an identified client: READY, then the guild. */
  begin(client: GatewayClient, intents: number, shard: unknown): GatewaySession {
    this.counts.identified += 1;
    const session = new GatewaySession(randomUUID().replaceAll("-", ""), intents, client);
    this.#sessions.set(session.id, session);
    const { world } = this.options;
    session.dispatch("READY", {
      v: 10,
      user: selfShape(world),
      guilds: [{ id: world.guildId, unavailable: true }],
      session_id: session.id,
      resume_gateway_url: this.#url,
      shard,
      application: { id: world.bot.user.id, flags: applicationShape(world).flags },
    });
    if ((intents & GatewayIntentBits.Guilds) !== 0) {
      const members = (intents & GatewayIntentBits.GuildMembers) !== 0;
      const voice = (intents & GatewayIntentBits.GuildVoiceStates) !== 0;
      session.dispatch("GUILD_CREATE", guildCreateShape(world, members, voice));
    }
    return session;
  }

  /** The session of that id, if it may still be resumed. */
  session(sessionId: string): GatewaySession | undefined {
    return this.#sessions.get(sessionId);
  }

  /** Ends a session for good. */
  end(session: GatewaySession): void {
    if (this.#sessions.delete(session.id)) this.options.onSessionEnd(session.id);
  }

  /** The close code a client must be refused with, if any: intents are checked as Discord does. */
  refusal(intents: number): number | undefined {
    if (!Number.isInteger(intents) || intents < 0) return 4013;
    if (!this.options.privilegedIntents && (intents & PRIVILEGED) !== 0) return 4014;
    return undefined;
  }

  close(): void {
    for (const client of this.#clients) client.close(1006);
    this.#sessions.clear();
    this.#server.close();
  }

  #accept(socket: WebSocket, requestUrl: string): void {
    const query = new URL(requestUrl, "ws://127.0.0.1").searchParams;
    if (query.get("v") !== "10" || query.get("encoding") !== "json" || query.has("compress")) {
      this.options.problem(`gateway: unsupported parameters ${query.toString()}`);
    }
    const client = new GatewayClient(socket, this, (code) => {
      this.#clients.delete(client);
      // Closing politely means going offline for good; anything else may be resumed.
      if (client.session?.client === client && (code === 1000 || code === 1001)) this.end(client.session);
    });
    this.#clients.add(client);
  }
}
