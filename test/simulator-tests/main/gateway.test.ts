import assert from "node:assert/strict";
import { test } from "node:test";
import { Events } from "discord.js";
import type { Client } from "discord.js";
import { SimulatedDiscord } from "../../simulator/simulated-discord.ts";
import { eventually } from "../../support/wait.ts";
import { startBot } from "./simulated-bot.ts";

const limit = { timeout: 180_000 };
const idle = async (): Promise<void> => {};

test("a bot sees who sits where: at its login and by every update after", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  const [zoe, ben] = [discord.addPerson("Zoë"), discord.addPerson("Ben")];
  await zoe.join();
  await using bot = await startBot(discord, idle);
  const states = bot.client.guilds.cache.get(discord.guild.id)?.voiceStates.cache;
  assert.equal(states?.get(zoe.id)?.channelId, discord.voiceChannel.id);
  assert.equal(states.get(zoe.id)?.member?.displayName, "Zoë");
  const second = discord.addVoiceChannel("Second room");
  await ben.join(second.id);
  await eventually("Ben is seen in the second room", () => states.get(ben.id)?.channelId === second.id);
  await ben.join();
  await eventually(
    "Ben is seen in the first room",
    () => states.get(ben.id)?.channelId === discord.voiceChannel.id,
  );
  await zoe.leave();
  await eventually("Zoë is seen nowhere", () => states.get(zoe.id)?.channelId == null);
  assert.deepEqual(discord.problems, []);
});

for (const [how, spoil] of [
  ["a dropped socket", (discord: SimulatedDiscord) => discord.faults.closeGateway(1006)],
  ["a request to reconnect", (discord: SimulatedDiscord) => discord.faults.requestReconnect()],
  ["close code 4000", (discord: SimulatedDiscord) => discord.faults.closeGateway(4000)],
] as const) {
  test(`after ${how} the bot resumes and no dispatch is lost`, limit, async () => {
    await using discord = await SimulatedDiscord.start({ dave: false });
    await using bot = await startBot(discord, idle);
    const names: string[] = [];
    bot.client.on(Events.ChannelCreate, ({ name }) => names.push(name));
    const resumed = eventOf(bot.client, Events.ShardResume);
    discord.addVoiceChannel("before");
    spoil(discord);
    for (const name of ["one", "two", "three"]) discord.addVoiceChannel(name);
    await resumed;
    discord.addVoiceChannel("after");
    await eventually("every event has come", () => names.length >= 5);
    assert.deepEqual(names, ["before", "one", "two", "three", "after"]);
    assert.deepEqual(discord.gateway.counts, { identified: 1, resumed: 1 });
    assert.deepEqual(discord.problems, []);
  });
}

test("a connection whose heartbeats stay unanswered is given up and resumed", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false, heartbeatIntervalMs: 150 });
  await using bot = await startBot(discord, idle);
  const resumed = eventOf(bot.client, Events.ShardResume);
  discord.faults.dropHeartbeatAcks();
  await eventually("the bot gives up", () => !discord.gateway.connected);
  discord.faults.dropHeartbeatAcks(false);
  await resumed;
  assert.equal(discord.gateway.counts.identified, 1);
  assert.deepEqual(discord.problems, []);
});

test("after an invalid session the bot identifies anew and is out of voice", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  await using bot = await startBot(discord, idle);
  enterVoice(bot.client, discord, discord.voiceChannel.id);
  await eventually("the bot is in voice", () => discord.botChannelId !== undefined);
  discord.faults.invalidSession();
  await eventually("the bot identified anew", () => discord.gateway.counts.identified === 2);
  assert.equal(discord.botChannelId, undefined);
  await eventually(
    "the bot sees itself out of voice",
    () => bot.client.guilds.cache.get(discord.guild.id)?.voiceStates.cache.size === 0,
  );
});

test("entering voice brings a state and a server; moves and kicks reach the bot", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  await using bot = await startBot(discord, idle);
  const raw: { readonly t: string; readonly d: Record<string, unknown> }[] = [];
  bot.client.on(Events.Raw, (packet: (typeof raw)[number]) => raw.push(packet));
  const take = async (t: string): Promise<Record<string, unknown>> => {
    await eventually(`${t} arrives`, () => raw.some((packet) => packet.t === t));
    const index = raw.findIndex((packet) => packet.t === t);
    return raw.splice(index, 1)[0]?.d ?? {};
  };
  enterVoice(bot.client, discord, discord.voiceChannel.id);
  const state = await take("VOICE_STATE_UPDATE");
  assert.equal(state["channel_id"], discord.voiceChannel.id);
  assert.equal(state["user_id"], discord.bot.id);
  assert.match(String((await take("VOICE_SERVER_UPDATE"))["endpoint"]), /^127\.0\.0\.1:\d+$/);

  const second = discord.addVoiceChannel("Second room");
  discord.faults.moveBot(second.id);
  assert.equal((await take("VOICE_STATE_UPDATE"))["channel_id"], second.id);
  await take("VOICE_SERVER_UPDATE");
  discord.faults.kickBotFromVoice();
  assert.equal((await take("VOICE_STATE_UPDATE"))["channel_id"], null);

  discord.setBotPermissions(0n);
  enterVoice(bot.client, discord, discord.voiceChannel.id);
  await take("GUILD_ROLE_UPDATE");
  discord.addVoiceChannel("Third room"); // its event comes after any answer to the wish would have come
  await take("CHANNEL_CREATE");
  assert.equal(discord.botChannelId, undefined, "without Connect Discord does not answer");
});

test("a deleted channel takes everybody out of it", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  await using bot = await startBot(discord, idle);
  const zoe = discord.addPerson("Zoë");
  const room = discord.addVoiceChannel("Second room");
  await zoe.join(room.id);
  enterVoice(bot.client, discord, room.id);
  await eventually("the bot is in voice", () => discord.botChannelId === room.id);
  await discord.deleteChannel(room.id);
  assert.equal(discord.botChannelId, undefined);
  assert.equal(zoe.channelId, undefined);
  await eventually("the bot knows", () => !bot.client.channels.cache.has(room.id));
  const states = bot.client.guilds.cache.get(discord.guild.id)?.voiceStates.cache;
  assert.ok(states?.every(({ channelId }) => channelId === null));
  assert.deepEqual(discord.problems, []);
});

test("members can be asked for by id", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  const [zoe, ben] = [discord.addPerson("Zoë"), discord.addPerson("Ben")];
  await using bot = await startBot(discord, idle);
  const members = bot.client.guilds.cache.get(discord.guild.id)?.members;
  const both = await members?.fetch({ user: [zoe.id, ben.id] });
  assert.deepEqual(both?.map(({ displayName }) => displayName).sort(), ["Ben", "Zoë"]);
  assert.equal((await members?.fetch({ user: zoe.id, force: true }))?.id, zoe.id);
  assert.deepEqual(discord.problems, []);
});

test("privileged intents that were not granted close the connection with 4014", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: false });
  const socket = new WebSocket(`${discord.gateway.url}?v=10&encoding=json`);
  const closed = new Promise<number>((resolve) =>
    socket.addEventListener("close", ({ code }) => resolve(code)),
  );
  socket.addEventListener("open", () =>
    socket.send(JSON.stringify({ op: 2, d: { token: discord.token, intents: 3, properties: {} } })),
  );
  assert.equal(await closed, 4014);
});

function enterVoice(client: Client<true>, discord: SimulatedDiscord, channelId: string): void {
  client.guilds.cache.get(discord.guild.id)?.shard.send({
    op: 4,
    d: { guild_id: discord.guild.id, channel_id: channelId, self_mute: false, self_deaf: false },
  });
}

function eventOf(client: Client, event: Events.ShardResume): Promise<void> {
  return new Promise((resolve) => client.once(event, () => resolve()));
}
