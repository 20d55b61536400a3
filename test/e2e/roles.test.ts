import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { BotProcess } from "../support/bot-process.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { eventually } from "../support/wait.ts";

const DEADLINE = { timeout: 90_000 };

test("a second bot on the same DATA_DIR refuses, exit 78, and the first goes on", DEADLINE, async () => {
  await using call = await Call.start({ dave: false });
  const second = await BotProcess.spawn({ ...call.discord.environment, DATA_DIR: call.dataDir });
  const exit = await second.exit();
  assert.equal(exit.code, 78, exit.stdout + exit.stderr);
  assert.match(exit.stderr, /E-DATA-DIR-IN-USE/);
  assert.match(exit.stderr, /DATA_DIR of its own/);
  assert.doesNotMatch(exit.stderr, /\n\s+at /, "a stack trace is no message for people");
  assert.equal((await fetch(`${call.bot.baseUrl}/readyz`)).status, 200);
});

test("after kill -9 the next bot on the same DATA_DIR starts at once", DEADLINE, async () => {
  await using call = await Call.start({ dave: false });
  await call.bot.stop("SIGKILL");
  await using next = await BotProcess.ready({ ...call.discord.environment, DATA_DIR: call.dataDir });
  assert.doesNotMatch(next.output, /E-DATA-DIR/);
});

test("web alone, without a token, serves what a bot on the same DATA_DIR records", DEADLINE, async () => {
  await using call = await Call.start({ dave: false });
  await using web = await BotProcess.ready({ ROLES: "web", DATA_DIR: call.dataDir });
  const anna = call.addHost("Anna");
  await anna.join();
  const start = await call.discord.command(anna, "record start", {});
  await start.until((reply) => /record/i.test(reply.content), 15_000);
  await anna.say(toneSpeech(440, 1));
  const stop = await call.discord.command(anna, "record stop");
  const answer = await stop.until((reply) => trackLinks(fullText(reply)).size === 1, 20_000);
  const link = new URL(trackLinks(fullText(answer)).get(1) ?? "");
  const sizes = await Promise.all(
    [call.bot, web].map(async ({ baseUrl }) => {
      const response = await fetch(`${baseUrl}${link.pathname}${link.search}`);
      assert.equal(response.status, 200, baseUrl);
      return (await response.arrayBuffer()).byteLength;
    }),
  );
  assert.equal(sizes[0], sizes[1]);
  await eventually("the page is there too", async () => {
    const page = await fetch(`${web.baseUrl}${link.pathname.replace(/\/tracks.*/, "")}`);
    return page.status === 200;
  });
});
