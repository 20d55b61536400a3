import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/wait.ts";
import { Guild } from "./guild.ts";

const limits = { timeout: 30_000 };

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
  await zoe.leave();
  await eventually("it ends", () => guild.recorder.active.length === 0);
  await eventually("the reason is told", () => /because everybody had left/.test(guild.chat.join()));
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
