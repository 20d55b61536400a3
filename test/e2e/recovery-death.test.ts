import assert from "node:assert/strict";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import type { Person } from "../simulator/person.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call } from "../support/call.ts";
import { ThreadFault } from "../support/thread-fault.ts";
import { toneAmplitude } from "../support/tones.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";
import { startRecording } from "./recorded-tones.ts";

const limits = { timeout: 120_000 };

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
  await call.bot.stop("SIGKILL");
  assert.equal(call.manifest.state, "recording", "it was killed in the middle");
}

async function assertRecovered(call: Call, anna: Person): Promise<void> {
  await eventually("it is recovered", () => call.manifest.state === "finished", 60_000);
  assert.equal(call.manifest.recovered, true);
  const samples = firstChannel(call.trackPath(anna.id));
  assert.equal(samples.length, call.manifest.lengthSamples);
  const middle = samples.findIndex((sample) => Math.abs(sample) > 0.02) + SAMPLE_RATE;
  assert.ok(toneAmplitude(samples.subarray(middle, middle + SAMPLE_RATE / 2), 450) > 0.1);
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
    await sleep(1_000);
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
