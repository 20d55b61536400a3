import assert from "node:assert/strict";
import { test } from "node:test";
import type { Interaction } from "../simulator/interaction.ts";
import { BotProcess } from "../support/bot-process.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { recordOnePerson } from "./one-person.ts";

const DEADLINE = { timeout: 180_000 };

/** The first bytes of the ZIP behind the answer's link, once it is there. */
function zipOf(answer: Interaction): Promise<string> {
  const link = /https?:[^\s>]+\/archive\.zip\?[^\s>]+/.exec(fullText(answer))?.[0] ?? "";
  return eventually("the ZIP is there", async () => {
    await sleep(250);
    const response = await fetch(link);
    const bytes = Buffer.from(await response.arrayBuffer());
    return response.status === 200 && bytes.toString("latin1", 0, 4);
  });
}

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
  const answer = await recordOnePerson(call);
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

test("a recording's ZIP is made by the process that recorded it, by default", DEADLINE, async () => {
  await using call = await Call.start({ dave: false });
  assert.equal(await zipOf(await recordOnePerson(call)), "PK\x03\x04");
  assert.equal((await call.bot.stop("SIGTERM")).code, 0);
});

test("jobs alone, without a token, makes the ZIP of what a bot records", DEADLINE, async () => {
  await using call = await Call.start({ dave: false, environment: { ROLES: "bot,web" } });
  await using worker = await BotProcess.spawn({ ROLES: "jobs", DATA_DIR: call.dataDir });
  assert.equal(await zipOf(await recordOnePerson(call)), "PK\x03\x04");
  const exit = await worker.stop("SIGTERM");
  assert.equal(exit.code, 0, exit.stdout + exit.stderr);
});

test("a second process that works at the jobs of one DATA_DIR refuses, exit 78", DEADLINE, async () => {
  await using call = await Call.start({ dave: false });
  const worker = await BotProcess.spawn({ ROLES: "jobs", DATA_DIR: call.dataDir });
  const exit = await worker.exit();
  assert.equal(exit.code, 78, exit.stdout + exit.stderr);
  assert.match(exit.stderr, /E-JOBS-RUNNING/);
});
