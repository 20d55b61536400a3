import assert from "node:assert/strict";
import { test } from "node:test";
import type { Person } from "../simulator/person.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call } from "../support/call.ts";
import { toneSecondsIn, untilWritten } from "../support/live-track.ts";
import { ThreadFault } from "../support/thread-fault.ts";
import { eventually } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";
import { startRecording } from "./recorded-tones.ts";

const limits = { timeout: 180_000 };

/** A bot that recovers what it finds, and somebody who orders recordings. */
async function startCall(faults: ThreadFault): Promise<{ call: Call; anna: Person }> {
  const { nodeOptions, environment } = faults.options;
  const call = await Call.start({
    dave: false,
    nodeOptions,
    environment: { ...environment, RESUME_SECONDS: "0" },
  });
  const anna = call.addHost("Anna");
  await anna.join();
  return { call, anna };
}

/** Two seconds are recorded, then the process is killed. */
async function leaveBehind(call: Call, anna: Person): Promise<void> {
  await startRecording(call, anna);
  await anna.say(toneSpeech(450, 2));
  await untilWritten(call, anna, 450, 1.5);
  await call.bot.stop("SIGKILL");
  assert.equal(call.manifest.state, "recording", "it was killed in the middle");
}

async function assertRecovered(call: Call, anna: Person): Promise<void> {
  await eventually("it is recovered", () => call.manifest.state === "finished", 60_000);
  assert.equal(call.manifest.recovered, true);
  const samples = firstChannel(call.trackPath(anna.id));
  assert.equal(samples.length, call.manifest.lengthSamples);
  const seconds = toneSecondsIn(samples, 450);
  assert.ok(seconds >= 1.5, `all that was in the file: ${seconds} s`);
}

for (const [fault, what] of [
  ["exit", "ends itself in the middle of a folder"],
  ["throw", "fails when a folder is done and nobody knows"],
  ["memory", "runs out of memory"],
] as const)
  test(`a recovery thread that ${what} is started again, and the folder is recovered`, limits, async () => {
    using faults = new ThreadFault();
    const { call, anna } = await startCall(faults);
    await using owned = call;
    await leaveBehind(owned, anna);
    faults.order("recovery", fault);
    await owned.restart();
    await faults.taken();
    await assertRecovered(owned, anna);
    assert.equal((await fetch(`${owned.bot.baseUrl}/readyz`)).status, 200);
  });

test(
  "SIGTERM while recordings are being recovered: exit 0 at once, and the next start recovers them",
  limits,
  async () => {
    using faults = new ThreadFault();
    const { call, anna } = await startCall(faults);
    await using owned = call;
    await leaveBehind(owned, anna);
    faults.order("recovery", "stall");
    await owned.restart();
    await faults.stalled();
    assert.equal(owned.manifest.state, "recording", "the recovery stands still");
    const beforeMs = performance.now();
    const exit = await owned.bot.stop("SIGTERM");
    assert.equal(exit.code, 0, exit.stdout + exit.stderr);
    assert.ok(performance.now() - beforeMs < 10_000, "within the promised 10 s");
    faults.withdraw();
    await owned.restart();
    await assertRecovered(owned, anna);
  },
);
