import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, sleep } from "../support/wait.ts";
import { Guild } from "./guild.ts";

const limits = { timeout: 180_000 };
const silence = { lookMs: 20, logMs: 100, reconnectMs: 400 };

test(
  "a connection through which nothing comes from people who could speak is made anew, once",
  limits,
  async () => {
    await using guild = await Guild.start({ silence });
    const { discord, zoe } = guild;
    await zoe.join();
    await discord.command(zoe, "record start");
    guild.capture.progress(1);
    // The silence before that may have been long enough for one of its own.
    const before = guild.capture.reconnects.length;
    await eventually("it reconnects", () => guild.capture.reconnects.length > before);
    // As the real one does: it is away for a moment, and the new voice server says something that is no media.
    guild.capture.interrupt();
    await sleep(100);
    guild.capture.progress(2, 1);
    guild.capture.connect();
    await sleep(900);
    assert.equal(guild.capture.reconnects.length, before + 1);
    guild.capture.progress(3, 1);
    await eventually("a new silence is a new reason", () => guild.capture.reconnects.length === before + 2);
  },
);

test("nobody is missed where datagrams arrive, or everybody is muted", limits, async () => {
  await using guild = await Guild.start({ silence: { ...silence, reconnectMs: 1_500 } });
  const { discord, zoe } = guild;
  await zoe.join();
  await discord.command(zoe, "record start");
  for (let datagrams = 0; datagrams < 40; datagrams++) {
    guild.capture.progress(datagrams);
    await sleep(50);
  }
  zoe.setVoice(true, null);
  await sleep(2_000);
  assert.deepEqual(guild.capture.reconnects, []);
});
