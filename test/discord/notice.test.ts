import assert from "node:assert/strict";
import { test } from "node:test";
import { PermissionFlagsBits } from "discord.js";
import { eventually } from "../support/wait.ts";
import { BOT_PERMISSIONS } from "../simulator/permissions.ts";
import { Guild } from "./guild.ts";

const limits = { timeout: 180_000 };
const { ChangeNickname, SendMessages } = PermissionFlagsBits;

test(
  "nickname and message stand before the recording begins, and become the past after it",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe } = guild;
    discord.setBotNickname("Scribe");
    await zoe.join();
    await discord.command(zoe, "record start");
    assert.equal(discord.botNickname, "[REC] Scribe");
    await eventually("the message says so", () => /is being recorded/.test(guild.chat.join()));
    guild.capture.interrupt();
    await eventually("the message is edited", () => /reconnecting/.test(guild.chat.join()));
    await discord.command(zoe, "record stop");
    await eventually("the nickname is restored", () => discord.botNickname === "Scribe");
    await eventually("the message is the past", () =>
      /has ended: 0:01, nobody was heard/.test(guild.chat.join()),
    );
    assert.equal(guild.chat.length, 1);
  },
);

test("a nickname that somebody gave the bot meanwhile stays", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  discord.setBotNickname("Renamed");
  // The next command comes after the renaming on the same gateway connection.
  await discord.command(zoe, "record status");
  await discord.command(zoe, "record stop");
  await eventually("the message is the past", () => /has ended/.test(guild.chat.join()));
  assert.equal(discord.botNickname, "Renamed");
});

test("a sign that a crash left is removed at the next start", limits, async () => {
  for (const [left, restored] of [
    ["[REC] Scribe", "Scribe"],
    ["[REC] recorder", null],
    ["Scribe", "Scribe"],
  ] as const) {
    await using guild = await Guild.start({ prepare: (discord) => discord.setBotNickname(left) });
    await eventually(`${left} is restored`, () => guild.discord.botNickname === restored);
  }
});

test("without Change Nickname the message alone stands", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  discord.setBotPermissions(BOT_PERMISSIONS & ~ChangeNickname);
  await zoe.join();
  const reply = await discord.command(zoe, "record start");
  assert.match(reply.content, /Recording/);
  assert.equal(discord.botNickname, null);
  assert.equal(guild.chat.length, 1);
});

test(
  "where the voice chat is closed to the bot, the message stands where the command was given",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe } = guild;
    discord.denyBot(discord.voiceChannel.id, SendMessages);
    await zoe.join();
    await discord.command(zoe, "record start");
    assert.deepEqual(guild.chat, []);
    assert.match(discord.messages(discord.textChannel.id).at(0)?.content ?? "", /recorded/);
  },
);

test("where nothing can show the recording, there is none", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  discord.setBotPermissions(BOT_PERMISSIONS & ~ChangeNickname & ~SendMessages);
  await zoe.join();
  const reply = await discord.command(zoe, "record start");
  assert.match(reply.content, /\*\*Change Nickname\*\*.*\*\*Send Messages\*\*.*\(E-NOTICE\)/);
  assert.equal(discord.botChannelId, undefined, "the bot never joined");
  await eventually("nothing runs", () => guild.recorder.active.length === 0);
});

test("after a move the notice stands in the new channel before anything is kept there", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  const elsewhere = discord.addVoiceChannel("Elsewhere");
  const there = (): string =>
    discord
      .messages(elsewhere.id)
      .map(({ content }) => content)
      .join("\n");
  await zoe.join();
  await discord.command(zoe, "record start");
  guild.capture.move(elsewhere.id);
  await eventually("capture may go on", () => guild.capture.admitted.includes(elsewhere.id));
  assert.match(there(), /is being recorded from now on/);
  await eventually("the former notice is the past", () => guild.chat.join().includes("no longer recorded"));
  await discord.command(zoe, "record stop");
  await eventually("the new one too", () => /has ended/.test(there()));
});

test(
  "of two moves in a row the first leaves no notice standing, however late Discord takes it",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe, capture } = guild;
    const [passed, last] = [discord.addVoiceChannel("Passed"), discord.addVoiceChannel("Last")];
    await zoe.join();
    await discord.command(zoe, "record start");
    discord.faults.rest({
      method: "POST",
      path: new RegExp(`channels/${passed.id}/messages`),
      delayMs: 1_000,
    });
    capture.move(passed.id);
    capture.move(last.id);
    const said = (channel: { readonly id: string }): string =>
      discord.messages(channel.id).at(-1)?.content ?? "";
    await eventually("the first notice comes late", () => said(passed) !== "");
    await eventually("it is the past at once", () => said(passed).includes("no longer recorded"));
    assert.match(said(last), /is being recorded/);
    assert.deepEqual(capture.admitted, [last.id], "nobody is heard where we are not");
    await discord.command(zoe, "record stop");
    await eventually("the last one is the past", () => said(last).includes("has ended"));
    assert.match(said(passed), /no longer recorded/);
  },
);

test(
  "who goes on after a crash in the middle of a move tells the people of the new channel",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe, bot, recorder } = guild;
    const elsewhere = discord.addVoiceChannel("Elsewhere");
    await zoe.join();
    await discord.command(zoe, "record start");
    guild.capture.move(elsewhere.id);
    // What the folder says if the process dies before the new notice stands.
    const left = recorder.status(discord.guild.id)?.manifest;
    assert.ok(left !== undefined && left.channel.id === elsewhere.id);
    await eventually("capture may go on", () => guild.capture.admitted.includes(elsewhere.id));
    const before = discord.messages(elsewhere.id).length;
    await bot.notices.show(left);
    await eventually("it is said there", () => discord.messages(elsewhere.id).length > before);
  },
);

test("a recording ends when nothing can show it in the channel it was moved to", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  const elsewhere = discord.addVoiceChannel("Elsewhere");
  await zoe.join();
  await discord.command(zoe, "record start");
  discord.setBotPermissions(BOT_PERMISSIONS & ~ChangeNickname & ~SendMessages);
  guild.capture.move(elsewhere.id);
  await eventually("it ends", () => guild.recorder.active.length === 0);
  assert.deepEqual(guild.capture.admitted, []);
  await eventually("the starter is told why", () => /E-NOTICE/.test(zoe.directMessages[0]?.content ?? ""));
});

test(
  "people are told in a message of its own that the bot was deafened, and that it is over",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe } = guild;
    await zoe.join();
    await discord.command(zoe, "record start");
    guild.capture.deafen(true);
    await eventually("they are told", () => /Server Deafen/.test(guild.chat.at(-1) ?? ""));
    await eventually("the notice says so", () => /nobody is heard/.test(guild.chat[0] ?? ""));
    assert.match((await discord.command(zoe, "record status")).content, /Nobody can be heard since/);
    guild.capture.deafen(false);
    await eventually("they are told that it is over", () =>
      /I can hear everybody again/.test(guild.chat.at(-1) ?? ""),
    );
    await eventually("the notice says so too", () => /is being recorded\*\* since/.test(guild.chat[0] ?? ""));
  },
);
