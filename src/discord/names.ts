import type { Client } from "discord.js";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import type { Names } from "../recordings/people.ts";

const FETCH_TIMEOUT_MS = 5_000;

/**
 * Lives on the main thread. Names as people see them in their guild. Voice states carry the member, so whoever is in
 * the channel is usually known; the fetch is for those who have left, and takes at most five seconds.
 */
export class GuildNames implements Names {
  readonly #client: Client<true>;
  readonly #log: Log;

  constructor(client: Client<true>, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  channelNameOf(channelId: string): string {
    const channel = this.#client.channels.cache.get(channelId);
    return channel === undefined || channel.isDMBased() ? channelId : channel.name;
  }

  async nameOf(guildId: string, userId: string): Promise<string> {
    const guild = this.#client.guilds.cache.get(guildId);
    const known = guild?.members.cache.get(userId)?.displayName;
    if (known !== undefined) return known;
    try {
      const member = await within<{ displayName: string }>(
        guild?.members.fetch(userId) ?? this.#client.users.fetch(userId),
        FETCH_TIMEOUT_MS,
        "Asking Discord for a name",
      );
      return member.displayName;
    } catch (error) {
      this.#log.warn({ guildId, userId, error: messageOf(error) }, "name unknown");
      return this.#client.users.cache.get(userId)?.displayName ?? userId;
    }
  }
}
