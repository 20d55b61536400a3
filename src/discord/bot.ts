import { Events, Status } from "discord.js";
import type { Client } from "discord.js";
import type { VoiceGateway } from "../capture/voice-gateway.ts";
import { messageOf, RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { Names } from "../recordings/people.ts";
import type { Recorder } from "../recordings/recorder.ts";
import { createClient } from "./client.ts";
import type { Command } from "./command.ts";
import { Dispatch } from "./dispatch.ts";
import { explainRefusal, logIn } from "./login.ts";
import { GuildNames } from "./names.ts";
import { GuildNotices } from "./notice.ts";
import { hasHumans, Presence } from "./presence.ts";
import type { LinkSource } from "./recording-text.ts";
import { tellRecovered } from "./recovered.ts";
import { SilenceWatch } from "./silence-watch.ts";
import type { SilenceTiming } from "./silence-watch.ts";
import { tellStarter } from "./starter.ts";
import { VoiceAdapter } from "./voice-adapter.ts";

const LOGIN_TIMEOUT_MS = 30_000;
/** Shares of the ten seconds a shutdown may take. */
const LAST_ANSWERS_MS = 2_000;
const DISCONNECT_MS = 2_000;

export type BotOptions = {
  readonly token: string;
  /** REST base without a version: `https://discord.com/api`. */
  readonly apiUrl: string;
  readonly log: Log;
  readonly loginTimeoutMs?: number;
  /** Discord has ended the session, and will not have this bot again: it should finish what it does and exit. */
  readonly onRefused?: (error: RecorderError) => void;
};

export type ServeOptions = LinkSource & {
  readonly recorder: Pick<Recorder, "stop" | "status" | "recordEvent" | "active" | "reconnect">;
  readonly commands: readonly Command[];
  /** How long a recording goes on in a channel without people; five minutes unless given. */
  readonly emptyMs?: number;
  readonly silence?: SilenceTiming;
};

/** Lives on the main thread. The bot in Discord: logged in from `start()` on, taking commands from `serve()` on. */
export class Bot {
  readonly gateway: VoiceGateway;
  readonly names: Names;
  readonly notices: GuildNotices;
  readonly #client: Client<true>;
  readonly #log: Log;
  #source: LinkSource | undefined;
  #dispatch: Dispatch | undefined;
  #presence: Presence | undefined;
  #silence: SilenceWatch | undefined;
  #closed: Promise<void> | undefined;

  private constructor(client: Client<true>, log: Log) {
    this.#client = client;
    this.#log = log;
    this.gateway = new VoiceAdapter(client, log);
    this.names = new GuildNames(client, log);
    this.notices = new GuildNotices(client, log);
  }

  /** Logged in, every guild known. Rejects with `E-TOKEN`, `E-INTENTS` or `E-DISCORD-UNREACHABLE`. */
  static async start(options: BotOptions): Promise<Bot> {
    const { token, apiUrl, log } = options;
    const client = createClient(apiUrl, log);
    try {
      await logIn(client, token, apiUrl, options.loginTimeoutMs ?? LOGIN_TIMEOUT_MS);
    } catch (error) {
      await disconnect(client, log);
      throw error;
    }
    if (!client.isReady()) {
      throw new RecorderError("E-DISCORD", "The session ended at once.", "Start again.");
    }
    const { onRefused } = options;
    client.on(Events.ShardDisconnect, ({ code }) => onRefused?.(explainRefusal(code)));
    log.info({ bot: client.user.tag, guilds: client.guilds.cache.size }, "logged in to Discord");
    return new Bot(client, log);
  }

  get botUserId(): string {
    return this.#client.user.id;
  }

  /** Whether every gateway connection stands at this moment. */
  get ready(): boolean {
    return (
      this.#closed === undefined && this.#client.ws.shards.every(({ status }) => status === Status.Ready)
    );
  }

  /** Registers and takes the commands, watches the recorded channels, and removes `[REC]` that a crash left. Once. */
  async serve(options: ServeOptions): Promise<void> {
    const { recorder, commands, links, retentionDays, emptyMs, silence } = options;
    this.#source = { links, retentionDays };
    const log = this.#log;
    const client = this.#client;
    const notices = this.notices;
    this.#presence = new Presence({
      client,
      recorder,
      notices,
      log,
      ...(emptyMs === undefined ? {} : { emptyMs }),
    });
    this.#silence = new SilenceWatch({
      client,
      recorder,
      log,
      ...(silence === undefined ? {} : { timing: silence }),
    });
    notices.onEndedByItself((manifest, endedBecause) =>
      tellStarter(client, manifest, { links, retentionDays, endedBecause, log }),
    );
    this.#dispatch = new Dispatch(client, commands, log);
    const restore = (guildId: string): void => {
      if (recorder.status(guildId) === undefined) void notices.restoreNickname(guildId);
    };
    for (const guildId of client.guilds.cache.keys()) restore(guildId);
    // A guild that was unavailable at the start.
    client.on(Events.GuildAvailable, ({ id }) => restore(id));
    await this.#dispatch.register();
  }

  /** Whether anybody but bots is in the channel. */
  hasPeople(guildId: string, channelId: string): boolean {
    const guild = this.#client.guilds.cache.get(guildId);
    return guild !== undefined && hasHumans(guild, channelId);
  }

  /** A recording of a dead process goes on: makes known to it who has left meanwhile. After `serve()`. */
  lookAgain(guildId: string): void {
    const guild = this.#client.guilds.cache.get(guildId);
    if (guild !== undefined) this.#presence?.lookAgain(guild);
  }

  /**
   * Tells the people of a recording that was recovered after its process had died: its public message is turned into the
   * past, and whoever started it gets the links. After `serve()`.
   */
  async tellRecovered(manifest: Manifest): Promise<void> {
    if (this.#source === undefined) throw new Error("people can be told once the bot serves");
    await tellRecovered(this.#client, manifest, { ...this.#source, log: this.#log });
  }

  /** Takes no more commands, lets the answers under way out, and leaves Discord; at most about four seconds. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#presence?.close();
    this.#silence?.close();
    await this.#dispatch?.close(LAST_ANSWERS_MS);
    await disconnect(this.#client, this.#log);
  }
}

/**
 * discord.js cannot be kept from trying again when it is left in the middle of a reconnection (@discordjs/ws 1.2.3 sleeps
 * 500 ms, then connects whatever happened meanwhile); the process ends all the same, since `main.ts` exits.
 */
async function disconnect(client: Client, log: Log): Promise<void> {
  // discord.js says this of the connection that we close ourselves, too.
  client.removeAllListeners(Events.ShardReconnecting);
  try {
    await within(client.destroy(), DISCONNECT_MS, "Leaving Discord");
  } catch (error) {
    log.warn({ error: messageOf(error) }, "gateway connection not closed in time");
  }
}
