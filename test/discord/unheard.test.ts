import assert from "node:assert/strict";
import { test } from "node:test";
import { PermissionFlagsBits } from "discord-api-types/v10";
import { eventually } from "../support/wait.ts";
import { Guild } from "./guild.ts";

const limits = { timeout: 180_000 };
const SECOND = 48_000;

test(
  "who cannot be decrypted is named in the chat once, withdrawn when heard, not posted anew",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe, capture } = guild;
    const ben = discord.addPerson("B*n");
    await zoe.join();
    await ben.join();
    await discord.command(zoe, "record start");
    capture.hearing("unheard", ben.id, 65 * SECOND);
    await eventually("the alarm stands", () => guild.chat.length === 2);
    assert.match(guild.chat[1] ?? "", /B\\\*n is speaking, but I can't decrypt it.*since 1:05/);
    assert.ok(guild.chat[1]?.includes(`<@${zoe.id}>`), "whoever started it is called");
    const status = await discord.command(zoe, "record status");
    assert.match(status.content, /B\\\*n: speaks and cannot be decrypted since 1:05/);

    capture.hearing("heard-again", ben.id, 80 * SECOND);
    await eventually("it is withdrawn", () => /heard again.*from 1:05 to 1:20/.test(guild.chat[1] ?? ""));
    capture.hearing("unheard", ben.id, 90 * SECOND);
    await eventually("the same message warns again", () => /since 1:30/.test(guild.chat[1] ?? ""));
    assert.equal(guild.chat.length, 2, "one message in five minutes");
    assert.deepEqual(
      guild.writer.events.filter(({ userId }) => userId === ben.id).map(({ kind }) => kind),
      ["unheard", "heard-again", "unheard"],
    );
  },
);

test(
  "who has left is not said to be speaking; back again, they are, until they are heard",
  limits,
  async () => {
    await using guild = await Guild.start();
    const { discord, zoe, capture } = guild;
    const ben = discord.addPerson("Ben");
    await zoe.join();
    await ben.join();
    await discord.command(zoe, "record start");
    capture.hearing("unheard", ben.id, SECOND);
    const says = async (): Promise<string> => (await discord.command(zoe, "record status")).content;
    const unheard = /Ben: speaks and cannot be decrypted since 0:01/;
    await eventually("Ben is named", async () => unheard.test(await says()));
    await ben.leave();
    await eventually("he is not any more", async () => !/Ben: speaks/.test(await says()));
    assert.notEqual(guild.recorder.active[0]?.manifest.unheard?.[0]?.toSamples, undefined);
    await ben.join();
    await eventually("he is named again", async () => unheard.test(await says()));
    capture.hearing("heard-again", ben.id, 9 * SECOND);
    await eventually("the alarm is withdrawn", () =>
      /heard again.*from 0:01 to 0:09/.test(guild.chat[1] ?? ""),
    );
    assert.equal(guild.recorder.active[0]?.manifest.unheard?.length, 1);
  },
);

test("where no message can stand, the person who started it is told", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe, capture } = guild;
  for (const { id } of [discord.voiceChannel, discord.textChannel])
    discord.denyBot(id, PermissionFlagsBits.SendMessages);
  await zoe.join();
  await discord.command(zoe, "record start");
  capture.hearing("unheard", zoe.id, SECOND);
  await eventually("a direct message", () => zoe.directMessages.length === 1);
  assert.match(zoe.directMessages[0]?.content ?? "", /Zoë is speaking/);
});
