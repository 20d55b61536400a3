import assert from "node:assert/strict";
import { test } from "node:test";
import { trackLinks } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { Guild } from "./guild.ts";

const limits = { timeout: 180_000 };

test("who joins and leaves the recorded channel is noted in the recording", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  const ben = discord.addPerson("Ben");
  await ben.join();
  await ben.leave();
  const noted = (kind: string): boolean =>
    guild.writer.events.some((event) => event.kind === kind && event.userId === ben.id);
  await eventually("the join is noted", () => noted("joined"));
  await eventually("the leave is noted", () => noted("left"));
});

test("a recording ends when everybody has left for a while, and the notice says why", limits, async () => {
  await using guild = await Guild.start({ emptyMs: 200 });
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  guild.capture.hear(zoe.id);
  await zoe.leave();
  await eventually("it ends", () => guild.recorder.active.length === 0);
  await eventually("the reason is told", () => /because everybody had left/.test(guild.chat.join()));
  const [message] = await eventually("the starter has the links", () => nonEmpty(zoe.directMessages));
  assert.match(message?.content ?? "", /It ended because everybody had left\.\nPage: <https:/);
  assert.deepEqual([...trackLinks(message?.content ?? "").keys()], [1]);
});

test("a recording goes on when somebody comes back in time", limits, async () => {
  await using guild = await Guild.start({ emptyMs: 1_500 });
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  await zoe.leave();
  await zoe.join();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.equal(guild.recorder.active.length, 1);
});

test(
  "a recording that was moved ends when everybody has left the new channel, not the old one",
  limits,
  async () => {
    await using guild = await Guild.start({ emptyMs: 1_000 });
    const { discord, zoe } = guild;
    const elsewhere = discord.addVoiceChannel("Elsewhere");
    await zoe.join();
    const ben = discord.addPerson("Ben");
    await ben.join(elsewhere.id);
    await discord.command(zoe, "record start");
    discord.faults.moveBot(elsewhere.id);
    guild.capture.move(elsewhere.id);
    await zoe.leave();
    await sleep(2_000);
    assert.equal(guild.recorder.active.length, 1);
    assert.deepEqual(guild.recorder.active[0]?.manifest.moves, [
      { atSamples: 48_000, channel: { id: elsewhere.id, name: "Elsewhere" } },
    ]);
    await ben.leave();
    await eventually("it ends", () => guild.recorder.active.length === 0);
  },
);

test("of two recordings in an empty channel the second one ends too", limits, async () => {
  await using guild = await Guild.start({ emptyMs: 500 });
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  await zoe.leave();
  await discord.command(zoe, "record stop");
  const channel = { channel: discord.voiceChannel.id };
  await discord.command(zoe, "record start", channel);
  await eventually("the second one ends", () => guild.recorder.active.length === 0);
});

test("a recording that somebody stopped sends nobody a message", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  await discord.command(zoe, "record stop");
  await eventually("the notice is the past", () => /has ended/.test(guild.chat.join()));
  assert.deepEqual(zoe.directMessages, []);
});

test("a recording whose connection is lost for good sends its starter the links", limits, async () => {
  await using guild = await Guild.start();
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  guild.capture.lose({ code: "E-KICKED", message: "I was taken out.", remedy: "", detail: "" });
  const [message] = await eventually("the starter has the links", () => nonEmpty(zoe.directMessages));
  assert.match(message?.content ?? "", /I was taken out\. \(E-KICKED\)/);
});

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
