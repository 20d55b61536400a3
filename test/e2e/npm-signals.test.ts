import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { BotProcess } from "../support/bot-process.ts";
import { Call } from "../support/call.ts";
import { packageFolder } from "../support/package-folder.ts";
import { eventually } from "../support/wait.ts";
import { missing } from "../support/wav-readers.ts";
import { startRecording } from "./recorded-tones.ts";

/** A call in which Anna has said something, recorded by `npm start` or by a command that ends in it. */
async function recordedCall(t: TestContext, command?: readonly [string, ...string[]]): Promise<Call> {
  const folder = packageFolder(t);
  const call = await Call.start({
    dave: false,
    spawn: (environment) => BotProcess.npmStart(environment, folder, command),
  });
  const anna = call.addHost("Anna");
  await anna.join();
  await startRecording(call, anna);
  await anna.say(toneSpeech(450, 1));
  return call;
}

function assertFinished(call: Call): void {
  assert.equal(call.manifest.state, "finished");
  assert.equal(call.manifest.tracks.length, 1);
  assert.doesNotMatch(call.discord.botNickname ?? "", /\[REC\]/);
}

const limits = { timeout: 180_000 };

for (const signal of ["SIGTERM", "SIGINT"] as const)
  test(`${signal} to npm start alone finishes the recording, and leaves nobody behind`, limits, async (t) => {
    await using call = await recordedCall(t);
    const ended = once(call.bot.child, "exit");
    call.bot.child.kill(signal);
    const [code] = await ended;
    await assert.rejects(fetch(`${call.bot.baseUrl}/healthz`), "the bot ended before npm");
    assert.equal(code, 0, call.bot.output);
    assertFinished(call);
  });

test(
  "a terminal that is closed over npm start ends it with the recording finished, though nobody takes its log any more",
  { ...limits, skip: missing("script") },
  async (t) => {
    await using call = await recordedCall(t, ["script", "-qefc", "npm start", "/dev/null"]);
    assert.match(call.bot.output, /ready: join a voice channel/, "the terminal shows the log");
    // Its pseudo-terminal ends with it: SIGHUP to all on it, EIO to whoever writes.
    call.bot.child.kill("SIGKILL");
    await call.bot.exit();
    await eventually("the recording is finished", () => call.manifest.state === "finished");
    await eventually("the bot leaves", () => !/\[REC\]/.test(call.discord.botNickname ?? ""));
    assertFinished(call);
    assert.equal(call.manifest.recovered, undefined);
  },
);
