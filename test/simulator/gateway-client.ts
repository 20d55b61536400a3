import { GatewayIntentBits } from "discord-api-types/v10";
import { WebSocket } from "ws";
import type { RawData } from "ws";
import { z } from "zod";
import type { Gateway } from "./gateway.ts";
import type { GatewaySession } from "./gateway-session.ts";
import { memberShape } from "./shapes.ts";

const payloadSchema = z.object({ op: z.int(), d: z.unknown().optional() });
const identifySchema = z.object({ token: z.string(), intents: z.int(), shard: z.unknown().optional() });
const resumeSchema = z.object({ token: z.string(), session_id: z.string(), seq: z.int() });
const voiceSchema = z.object({
  guild_id: z.string(),
  channel_id: z.string().nullable(),
  self_mute: z.boolean(),
  self_deaf: z.boolean(),
});

const membersSchema = z.object({
  guild_id: z.string(),
  user_ids: z.union([z.string(), z.array(z.string())]).optional(),
  query: z.string().optional(),
  nonce: z.string().optional(),
});

/** More than this in a minute and Discord closes with 4008. */
const SENDS_PER_MINUTE = 120;

/** Lives on the simulator's thread: one websocket connection of a bot, from Hello to its close. */
export class GatewayClient {
  session: GatewaySession | undefined;
  readonly #socket: WebSocket;
  readonly #gateway: Gateway;
  #received = 0;
  #minuteStartedAt = Date.now();

  constructor(socket: WebSocket, gateway: Gateway, onClose: (code: number) => void) {
    this.#socket = socket;
    this.#gateway = gateway;
    socket.on("message", (data) => this.#receive(data));
    socket.on("close", onClose);
    // A dropped connection is an everyday event here; `close` follows and says all.
    socket.on("error", () => socket.terminate());
    this.send({ op: 10, d: { heartbeat_interval: gateway.options.heartbeatIntervalMs } });
  }

  get open(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  send(payload: { readonly op: number; readonly [key: string]: unknown }): void {
    if (this.open) this.#socket.send(JSON.stringify({ s: null, t: null, ...payload }));
  }

  /** 1006 drops the socket without a closing handshake. */
  close(code: number): void {
    if (code === 1006) this.#socket.terminate();
    else this.#socket.close(code);
  }

  #receive(data: RawData): void {
    if (Date.now() - this.#minuteStartedAt > 60_000) {
      this.#minuteStartedAt = Date.now();
      this.#received = 0;
    }
    this.#received += 1;
    if (this.#received > SENDS_PER_MINUTE) return this.#refuse(4008, "too many messages in a minute");
    const payload = payloadSchema.safeParse(parseJson(data));
    if (!payload.success) return this.#refuse(4002, "a message that is no payload");
    const { op, d } = payload.data;
    if (op === 1) return this.#gateway.dropHeartbeatAcks ? undefined : this.send({ op: 11 });
    if (op === 2) return this.#identify(d);
    if (op === 6) return this.#resume(d);
    if (this.session === undefined) return this.#refuse(4003, `op ${op} before identify`);
    if (op === 4) return this.#updateVoice(d);
    if (op === 8) return this.#requestMembers(d);
    if (op === 3) return undefined; // Presence: accepted, shown nowhere.
    return this.#refuse(4001, `op ${op} is not simulated`);
  }

  #identify(data: unknown): void {
    if (this.session !== undefined) return this.#refuse(4005, "a second identify");
    const identify = identifySchema.safeParse(data);
    if (!identify.success) return this.#refuse(4002, "a malformed identify");
    const { token, intents, shard } = identify.data;
    // A wrong token or intent is a way to be misconfigured, which tests try on purpose: no problem is recorded.
    if (token !== this.#gateway.options.token) return this.close(4004);
    const refusal = this.#gateway.refusal(intents);
    if (refusal !== undefined) return this.close(refusal);
    this.session = this.#gateway.begin(this, intents, shard);
    return undefined;
  }

  #resume(data: unknown): void {
    const resume = resumeSchema.safeParse(data);
    if (!resume.success) return this.#refuse(4002, "a malformed resume");
    if (resume.data.token !== this.#gateway.options.token) return this.close(4004);
    const session = this.#gateway.session(resume.data.session_id);
    if (session === undefined) return this.send({ op: 9, d: false });
    if (!session.resume(this, resume.data.seq)) return this.#refuse(4007, "an impossible sequence");
    this.session = session;
    this.#gateway.counts.resumed += 1;
    return undefined;
  }

  #updateVoice(data: unknown): void {
    const wish = voiceSchema.safeParse(data);
    if (!wish.success) return this.#refuse(4002, "a malformed voice state update");
    const { guild_id, channel_id, self_mute, self_deaf } = wish.data;
    if (guild_id !== this.#gateway.options.world.guildId) return undefined; // Discord ignores foreign guilds.
    const sessionId = this.session?.id ?? "";
    this.#gateway.options.onVoiceWish(sessionId, {
      channelId: channel_id,
      selfMute: self_mute,
      selfDeaf: self_deaf,
    });
    return undefined;
  }

  /** By ids anybody may ask; by name or for all, only with the members intent. */
  #requestMembers(data: unknown): void {
    const request = membersSchema.safeParse(data);
    const { session } = this;
    if (!request.success || session === undefined)
      return this.#refuse(4002, "a malformed request for members");
    const { user_ids, query, nonce } = request.data;
    if (user_ids === undefined && (session.intents & GatewayIntentBits.GuildMembers) === 0) {
      return this.#refuse(4014, "a request for all members without the members intent");
    }
    const { world } = this.#gateway.options;
    const ids = user_ids === undefined ? undefined : [user_ids].flat();
    const members = [...world.members.values()].filter(({ user }) =>
      ids === undefined ? user.username.startsWith(query?.toLowerCase() ?? "") : ids.includes(user.id),
    );
    session.dispatch("GUILD_MEMBERS_CHUNK", {
      guild_id: world.guildId,
      members: members.map((member) => memberShape(member)),
      chunk_index: 0,
      chunk_count: 1,
      not_found: ids?.filter((id) => !world.members.has(id)) ?? [],
      ...(nonce === undefined ? {} : { nonce }),
    });
    return undefined;
  }

  #refuse(code: number, reason: string): void {
    this.#gateway.options.problem(`gateway: ${reason} (closed with ${code})`);
    this.close(code);
  }
}

function parseJson(data: RawData): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(Array.isArray(data) ? Buffer.concat(data) : data));
  } catch {
    return undefined; // Refused by the schema, like any other malformed payload.
  }
}
