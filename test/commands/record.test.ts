import assert from "node:assert/strict";
import { test } from "node:test";
import { ChannelType, OverwriteType, PermissionFlagsBits } from "discord.js";
import { RecorderError } from "../../src/errors.ts";
import { Guild } from "../discord/guild.ts";
import { BOT_PERMISSIONS } from "../simulator/permissions.ts";
import { channelShape } from "../simulator/shapes.ts";
import { trackLinks } from "../support/call.ts";
import { eventually } from "../support/wait.ts";

const limits = { timeout: 180_000 };

test("start, status and stop answer the person alone, and stop has one link per person", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  const ben = discord.addPerson("_Ben_ [x](https://evil.example)");
  await zoe.join();
  await ben.join();

  const start = await discord.command(zoe, "record start", { channels: "stereo", title: "  Stand\nup " });
  assert.ok(start.ephemeral);
  assert.match(start.content, /one stereo WAV per person/);
  assert.match(start.content, /Title: Stand up/);
  assert.match(start.content, /<https:\/\/rec\.example\/r\/[\w-]{22}>/);

  guild.capture.hear(zoe.id);
  guild.capture.hear(ben.id);
  await eventually("names are known", () => guild.writer.names.size === 2);
  const status = await discord.command(zoe, "record status");
  assert.ok(status.ephemeral);
  assert.match(status.content, /Heard so far \(2\): Zoë, \\_Ben\\_ \\\[x\\\]\(https\\:/);

  const stop = await discord.command(zoe, "record stop");
  assert.ok(stop.ephemeral);
  assert.deepEqual([...trackLinks(stop.content).keys()], [1, 2]);
  assert.match(stop.content, /\*\*Zoë\*\*: <https:/);
  assert.match(stop.content, /Complete/);
});

test(
  "nobody is told that nothing is recorded while a recording may still go on after a crash",
  limits,
  async () => {
    const wentOn = Promise.withResolvers<void>();
    await using guild = await Guild.start({ wentOn: () => wentOn.promise });
    const { discord, zoe } = guild;
    const orders = ["record stop", "record status"].map((command) => discord.command(zoe, command));
    for (const { content } of await Promise.all(orders)) assert.match(content, /\(E-STARTING\)/);
    wentOn.resolve();
    assert.match((await discord.command(zoe, "record status")).content, /Nothing is being recorded here/);
  },
);

test("many people's links come in several messages, all of them the person's alone", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  const people = Array.from({ length: 30 }, (_, index) => discord.addPerson(`Person ${index}`));
  for (const person of people) guild.capture.hear(person.id);
  await eventually("names are known", () => guild.writer.names.size === 30);
  const stop = await discord.command(zoe, "record stop");
  await stop.until(({ followUps }) => {
    const text = [stop.content, ...followUps.map(({ content }) => content)].join("\n");
    return trackLinks(text).size === 30;
  });
  for (const { flags } of stop.followUps) assert.equal((flags ?? 0) & 64, 64, "ephemeral");
});

test("without a voice channel there is nothing to record", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  const reply = await discord.command(zoe, "record start");
  assert.match(reply.content, /You are not in a voice channel\..*\(E-NO-CHANNEL\)/);
  const chosen = await discord.command(zoe, "record start", { channel: discord.voiceChannel.id });
  assert.match(chosen.content, /Recording/);
});

test("a missing permission is named", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  await zoe.join();
  discord.setBotPermissions(BOT_PERMISSIONS & ~PermissionFlagsBits.Connect);
  const one = await discord.command(zoe, "record start");
  assert.equal(
    one.content,
    `I can't join <#${discord.voiceChannel.id}>: I lack **Connect** there. Ask an admin to allow it, then run /record start again. (E-CONNECT)`,
  );
  discord.setBotPermissions(BOT_PERMISSIONS);
  discord.denyBot(discord.voiceChannel.id, PermissionFlagsBits.Connect | PermissionFlagsBits.Speak);
  const two = await discord.command(zoe, "record start");
  assert.match(two.content, /I lack \*\*Connect\*\* and \*\*Speak\*\* there\. Ask an admin to allow them/);
});

test("full, staged or closed to the person: each channel is refused for its reason", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  const { world, gateway } = discord;
  await zoe.join();
  const shape = channelShape(world, world.voiceChannel);
  const change = async (changes: object, expected: RegExp): Promise<void> => {
    gateway.dispatch("CHANNEL_UPDATE", { ...shape, ...changes });
    assert.match((await discord.command(zoe, "record start")).content, expected);
  };
  await change({ user_limit: 1 }, /it is full \(1 people\)\..*\*\*Move Members\*\*.*\(E-CHANNEL-FULL\)/);
  await change({ type: ChannelType.GuildStageVoice }, /is a stage.*\(E-STAGE\)/);

  const board = discord.addVoiceChannel("Board");
  const deny = String(PermissionFlagsBits.Connect);
  board.overwrites.push({ id: zoe.id, type: OverwriteType.Member, allow: "0", deny });
  gateway.dispatch("CHANNEL_UPDATE", channelShape(world, board));
  const reply = await discord.command(zoe, "record start", { channel: board.id });
  assert.match(reply.content, /You can't join <#\d+> yourself.*\(E-NOT-ALLOWED\)/);
});

test(
  "a second start says where the first one runs, and stop has nothing to stop after it",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe } = guild;
    await zoe.join();
    assert.match((await discord.command(zoe, "record stop")).content, /\(E-NOT-RECORDING\)/);
    assert.match((await discord.command(zoe, "record status")).content, /Nothing is being recorded here/);
    await discord.command(zoe, "record start");
    const second = await discord.command(zoe, "record start");
    assert.match(
      second.content,
      new RegExp(`already recording <#${discord.voiceChannel.id}>.*E-ALREADY-RECORDING`),
    );
  },
);

test(
  "what makes joining fail is told in words, and what is unexpected with a code only",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe } = guild;
    await zoe.join();
    guild.capture.failure = new RecorderError(
      "E-CONNECT",
      "No answer from Discord's voice server.",
      "Try again.",
    );
    const reply = await discord.command(zoe, "record start");
    assert.equal(reply.content, "No answer from Discord's voice server. Try again. (E-CONNECT)");
    await eventually("the nickname is restored", () => discord.botNickname === null);
    await eventually("the notice says so", () => /No answer.*\(E-CONNECT\)/.test(guild.chat.join()));
    guild.capture.failure = new TypeError("secret detail");
    const unexpected = await discord.command(zoe, "record start");
    assert.match(unexpected.content, /unexpected.*\(E-INTERNAL\)/);
    assert.doesNotMatch(unexpected.content, /secret/);
  },
);

test("a command that Discord no longer knows is no crash", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  discord.faults.rest({ path: /callback/, status: 404, code: 10_062 });
  await discord.command(zoe, "record status", {}, { timeoutMs: 500 }).catch(() => undefined);
  assert.match((await discord.command(zoe, "record status")).content, /Nothing/);
});
