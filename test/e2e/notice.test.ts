import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { BotProcess } from "../support/bot-process.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { eventually } from "../support/wait.ts";

const DEADLINE = { timeout: 180_000 };

test(
  "people see that they are recorded before the first packet is stored, and hear it",
  DEADLINE,
  async () => {
    await using call = await Call.start({ dave: true, announcement: "on" });
    const { discord } = call;
    const anna = call.addHost("Anna");
    await anna.join();
    await discord.command(anna, "record start", { title: "Announced" });
    const [notice] = discord.messages(discord.voiceChannel.id);
    assert.match(notice?.content ?? "", /record/i);
    assert.match(discord.botNickname ?? "", /^\[REC\] /);
    assert.ok(call.manifest.startedAtMs !== undefined, "the clock runs");

    // The clip is 2 s long: 100 packets of 20 ms, which people's clients opened.
    const seat = anna.seat;
    assert.ok(seat);
    await eventually("the announcement is heard to its end", () => seat.heard.opened >= 95);
    assert.equal(seat.heard.failed, 0);

    const stop = await discord.command(anna, "record stop");
    assert.match(stop.content, /0 people|Nobody/i);
    await eventually("the nickname is restored", () => !/\[REC\]/.test(discord.botNickname ?? ""));
  },
);

test("a bot that was killed leaves no [REC] behind once it is back", DEADLINE, async () => {
  await using call = await Call.start({ dave: false });
  const anna = call.addHost("Anna");
  await anna.join();
  await call.discord.command(anna, "record start", {});
  assert.match(call.discord.botNickname ?? "", /^\[REC\]/);
  await call.bot.stop("SIGKILL");
  await using _back = await BotProcess.ready({ ...call.discord.environment, DATA_DIR: call.dataDir });
  await eventually("the nickname is restored", () => !/\[REC\]/.test(call.discord.botNickname ?? ""));
});

test("a web process without a token serves what another one recorded", DEADLINE, async () => {
  await using call = await Call.start({ dave: false });
  const anna = call.addHost("Anna");
  await anna.join();
  await call.discord.command(anna, "record start", {});
  await anna.say(toneSpeech(440, 1));
  const stop = await call.discord.command(anna, "record stop");
  const link = trackLinks(fullText(stop)).get(1);
  assert.ok(link !== undefined);
  assert.equal((await call.bot.stop()).code, 0);

  await using web = await BotProcess.ready({ DATA_DIR: call.dataDir, ROLES: "web" });
  const { pathname, search } = new URL(link);
  const response = await fetch(web.baseUrl + pathname + search);
  assert.equal(response.status, 200);
  assert.equal((await response.arrayBuffer()).byteLength, Number(response.headers.get("content-length")));
  assert.equal((await fetch(web.baseUrl + pathname.replace(/\/tracks.*/, ""))).status, 200);
  assert.equal((await web.stop()).code, 0);
});
