import assert from "node:assert/strict";
import { test } from "node:test";
import type { VoiceUpdate } from "../../src/capture/voice-gateway.ts";
import { eventually } from "../support/wait.ts";
import { Guild } from "./guild.ts";

const limits = { timeout: 180_000 };

function wish(guildId: string, channelId: string | null): unknown {
  return { op: 4, d: { guild_id: guildId, channel_id: channelId, self_mute: false, self_deaf: false } };
}

test("the bot's own voice updates come through, other people's do not", limits, async () => {
  await using guild = await Guild.start();
  const { discord, bot, zoe } = guild;
  const updates: VoiceUpdate[] = [];
  const unsubscribe = bot.gateway.subscribe(discord.guild.id, (update) => updates.push(update));
  await zoe.join();
  assert.ok(bot.gateway.send(discord.guild.id, wish(discord.guild.id, discord.voiceChannel.id)));
  await eventually("both updates", () => new Set(updates.map(({ kind }) => kind)).size === 2);
  for (const update of updates) {
    if (update.kind === "state") assert.equal(update.data.user_id, discord.bot.id);
    else assert.equal(update.data.guild_id, discord.guild.id);
  }
  const before = updates.length;
  bot.gateway.send(discord.guild.id, wish(discord.guild.id, null));
  await eventually("the leave", () => updates.length > before);
  unsubscribe();
  assert.equal(bot.gateway.send(discord.guild.id, wish(discord.guild.id, null)), false, "nobody subscribes");
});

test("nothing is sent while the gateway is away", limits, async () => {
  await using guild = await Guild.start();
  const { discord, bot } = guild;
  const guildId = discord.guild.id;
  bot.gateway.subscribe(guildId, () => undefined);
  discord.faults.closeGateway(4000);
  await eventually("the bot notices", () => !bot.ready);
  assert.equal(bot.gateway.send(guildId, wish(guildId, null)), false);
  await eventually("the bot is back", () => bot.ready);
  assert.equal(bot.gateway.send(guildId, wish(guildId, null)), true);
});

test(
  "of two subscribers of a guild the newer counts, and the older's leaving changes nothing",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, bot } = guild;
    const guildId = discord.guild.id;
    const heard: string[] = [];
    const leaveOlder = bot.gateway.subscribe(guildId, () => heard.push("older"));
    bot.gateway.subscribe(guildId, () => heard.push("newer"));
    leaveOlder();
    bot.gateway.send(guildId, wish(guildId, discord.voiceChannel.id));
    await eventually("updates come", () => heard.length > 0);
    assert.deepEqual(new Set(heard), new Set(["newer"]));
  },
);
