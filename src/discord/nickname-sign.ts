import { DiscordAPIError } from "discord.js";
import type { Client, Guild } from "discord.js";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import { formerNickname, isRecordingNickname, recordingNickname } from "./nickname.ts";

const REASON = "Shows whether a recording runs";
const TAKE_DOWN_TIMEOUT_MS = 8_000;

/** What a guild's nickname was before the sign, and what it is with it. */
type Sign = { readonly former: string | null; readonly shown: string };

/**
 * Lives on the main thread. `[REC]` before the bot's own nickname, guild by guild. The former nickname is remembered
 * while the process lives and derived from the shown one after a crash, so nothing need be kept on disk.
 */
export class NicknameSign {
  readonly #client: Client<true>;
  readonly #log: Log;
  readonly #signs = new Map<string, Sign>();
  /** Changes of one guild's nickname follow one another. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(client: Client<true>, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  /** Rejects when Discord refuses, usually for want of Change Nickname. */
  putUp(guildId: string): Promise<void> {
    return this.#inTurn(guildId, async () => {
      const me = this.#guild(guildId).members.me;
      const userName = me?.user.displayName ?? this.#client.user.displayName;
      const nickname = me?.nickname ?? null;
      const former = isRecordingNickname(nickname) ? formerNickname(nickname, userName) : nickname;
      const shown = recordingNickname(former ?? userName);
      // Remembered before the request: it may succeed although its answer is lost.
      this.#signs.set(guildId, { former, shown });
      try {
        await this.#guild(guildId).members.editMe({ nick: shown, reason: REASON });
      } catch (error) {
        if (error instanceof DiscordAPIError) this.#signs.delete(guildId);
        throw error;
      }
    });
  }

  /** Restores the former nickname if the sign is up; a nickname given meanwhile by somebody else stays. Never rejects. */
  async takeDown(guildId: string): Promise<void> {
    const done = this.#inTurn(guildId, async () => {
      const guild = this.#client.guilds.cache.get(guildId);
      const sign = this.#signs.get(guildId);
      this.#signs.delete(guildId);
      const me = guild?.members.me;
      const nickname = me?.nickname ?? null;
      if (guild === undefined || !me) return;
      // The gateway tells of a change a moment after REST: the former name in the cache may simply be old.
      const isOurs = isRecordingNickname(nickname) || (sign !== undefined && nickname === sign.former);
      if (!isOurs) return;
      const former = sign === undefined ? formerNickname(nickname ?? "", me.user.displayName) : sign.former;
      await guild.members.editMe({ nick: former, reason: REASON });
    });
    try {
      await within(done, TAKE_DOWN_TIMEOUT_MS, "Restoring the nickname");
    } catch (error) {
      this.#log.warn({ guildId, error: messageOf(error) }, "nickname not restored");
    }
  }

  #guild(guildId: string): Guild {
    const guild = this.#client.guilds.cache.get(guildId);
    if (guild === undefined) throw new Error("the bot is not in this guild");
    return guild;
  }

  #inTurn(guildId: string, change: () => Promise<void>): Promise<void> {
    const turn = (this.#turns.get(guildId) ?? Promise.resolve()).then(change);
    const settled = turn.catch(() => undefined);
    this.#turns.set(guildId, settled);
    return turn;
  }
}
