import { Client, Events, GatewayIntentBits, Options } from "discord.js";
import type { GuildMember } from "discord.js";
import type { Log } from "../log.ts";

/**
 * The discord.js client as the recorder needs it: which guilds there are, who is in which voice channel, commands.
 * No privileged intent, no messages, and caches that stay small in a big guild.
 */
export function createClient(apiUrl: string, log: Log): Client {
  const client = new Client({
    // GuildVoiceStates also carries the bot's own voice session; without it no voice connection comes about.
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates],
    shards: "auto",
    // discord.js appends `/v10` itself.
    rest: { api: apiUrl },
    allowedMentions: { parse: [] },
    makeCache: Options.cacheWithLimits({
      ...NOT_CACHED,
      // People in a voice channel and the bot itself are needed at any time; the rest is only a convenience.
      GuildMemberManager: { maxSize: 200, keepOverLimit: isNeeded },
      UserManager: { maxSize: 1_000, keepOverLimit: (user) => user.id === user.client.user.id },
    }),
  });
  logGateway(client, log);
  return client;
}

const NOT_CACHED = {
  ApplicationCommandManager: 0,
  AutoModerationRuleManager: 0,
  BaseGuildEmojiManager: 0,
  EntitlementManager: 0,
  GuildBanManager: 0,
  GuildEmojiManager: 0,
  GuildInviteManager: 0,
  GuildScheduledEventManager: 0,
  GuildStickerManager: 0,
  MessageManager: 0,
  PresenceManager: 0,
  ReactionManager: 0,
  ReactionUserManager: 0,
  StageInstanceManager: 0,
  ThreadManager: 0,
  ThreadMemberManager: 0,
};

function isNeeded(member: GuildMember): boolean {
  return member.id === member.client.user.id || member.guild.voiceStates.cache.has(member.id);
}

/** Gateway troubles are the library's to mend and ours to tell; none of them may end the process. */
function logGateway(client: Client, log: Log): void {
  client.on(Events.Error, (error) => log.error({ error: error.message }, "discord client error"));
  client.on(Events.Warn, (warning) => log.warn({ warning }, "discord client warning"));
  client.on(Events.ShardError, (error, shard) => log.warn({ shard, error: error.message }, "gateway error"));
  client.on(Events.ShardReconnecting, (shard) =>
    log.warn({ shard }, "gateway connection lost; reconnecting"),
  );
  client.on(Events.ShardResume, (shard, replayed) =>
    log.info({ shard, replayed }, "gateway session resumed"),
  );
  client.on(Events.ShardDisconnect, ({ code }, shard) =>
    log.error({ shard, code }, "gateway refuses the bot for good"),
  );
  client.rest.on("rateLimited", ({ route, timeToReset }) =>
    log.debug({ route, timeToReset }, "waiting for a rate limit of Discord"),
  );
}
