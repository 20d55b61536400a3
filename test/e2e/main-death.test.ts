import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { Catalog } from "../../src/recordings/catalog.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call } from "../support/call.ts";
import { toneSecondsIn, untilWritten } from "../support/live-track.ts";
import { ThreadFault } from "../support/thread-fault.ts";
import { toneAmplitude } from "../support/tones.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";
import { startRecording } from "./recorded-tones.ts";

/** Two signals within this are one; see `main.ts`. */
const SAME_SIGNAL_MS = 300;
const limits = { timeout: 180_000 };

for (const [fault, what] of [
  ["throw", "an exception that nobody catches"],
  ["reject", "a rejection that nobody handles"],
] as const)
  test(
    `${what} on the main thread: recordings are finished, exit 1, nothing to recover`,
    limits,
    async () => {
      using faults = new ThreadFault();
      await using call = await Call.start({ dave: true, ...faults.options });
      const anna = call.addHost("Anna");
      await anna.join();
      await startRecording(call, anna);
      const talking = anna.say(toneSpeech(450, 4));
      await eventually("Anna is being recorded", () => anna.sent.length > 100);
      faults.order("main", fault);
      await faults.taken();
      const exit = await call.bot.exit();
      assert.equal(exit.code, 1, exit.stdout + exit.stderr);
      assert.match(exit.stdout, /The main thread was told to fail/);
      await talking;
      const { manifest } = call;
      assert.equal(manifest.state, "finished");
      const samples = firstChannel(call.trackPath(anna.id));
      assert.equal(samples.length, manifest.lengthSamples);
      assert.ok(samples.length > 1.5 * SAMPLE_RATE, "she had spoken for 2 s");
      assert.ok(toneAmplitude(samples.subarray(-SAMPLE_RATE / 2), 450) > 0.1, "heard up to the end");

      await call.restart();
      await eventually("the jobs go on", () => call.manifest.checked !== undefined);
      assert.equal(call.manifest.recovered, undefined);
      assert.doesNotMatch(call.bot.output, /left by an earlier process/);
      assert.equal(call.manifest.lengthSamples, manifest.lengthSamples);
    },
  );

test(
  "a second SIGTERM while a recording is being finished ends at once; the next start finishes it",
  limits,
  async () => {
    using faults = new ThreadFault();
    const { nodeOptions, environment } = faults.options;
    await using call = await Call.start({
      dave: false,
      nodeOptions,
      environment: { ...environment, RESUME_SECONDS: "0" },
    });
    const anna = call.addHost("Anna");
    await anna.join();
    await startRecording(call, anna);
    await anna.say(toneSpeech(450, 2));
    await untilWritten(call, anna, 450, 1.5);
    faults.order("writer", "stall");
    await faults.stalled();
    call.bot.child.kill("SIGTERM");
    await eventually("it is stopping", () => /stopping: running recordings/.test(call.bot.output));
    await sleep(SAME_SIGNAL_MS + 200);
    assert.equal(call.bot.child.exitCode, null, "the writer holds it up");
    assert.notEqual(call.manifest.state, "finished");
    const exit = await call.bot.stop("SIGTERM");
    assert.equal(exit.code, 130, "at once: neither finished nor given up");
    faults.withdraw();

    await call.restart();
    await eventually("it is recovered", () => call.manifest.state === "finished");
    assert.equal(call.manifest.recovered, true);
    const samples = firstChannel(call.trackPath(anna.id));
    assert.equal(samples.length, call.manifest.lengthSamples);
    const seconds = toneSecondsIn(samples, 450);
    assert.ok(seconds >= 1.5, `all that was in the file: ${seconds} s`);
  },
);

test(
  "a job in which the main thread fails has failed once, and waits before it is begun again",
  limits,
  async (t) => {
    using faults = new ThreadFault();
    const { nodeOptions, environment } = faults.options;
    const tools = mkdtempSync(join(tmpdir(), "poisonous-"));
    t.after(() => rmSync(tools, { recursive: true, force: true }));
    // The main thread fails while the job waits for its ffmpeg.
    const ffmpeg = join(tools, "ffmpeg");
    const order = environment["FAULTY_THREAD"] ?? "";
    writeFileSync(ffmpeg, `#!/bin/sh\nprintf "main throw" > "${order}"\nexec sleep 20\n`, { mode: 0o755 });
    await using call = await Call.start({
      dave: false,
      nodeOptions,
      environment: { ...environment, FFMPEG_PATH: ffmpeg },
    });
    const anna = await call.startRecording("Anna");
    await anna.say(toneSpeech(450, 1));
    // The bot may be gone before it has answered.
    await call.discord.command(anna, "record stop").catch(() => undefined);
    const exit = await call.bot.exit();
    assert.equal(exit.code, 1, exit.stdout + exit.stderr);
    assert.match(exit.stdout, /The main thread was told to fail/);
    await using catalog = await Catalog.open(call.dataDir);
    const job = await catalog.database
      .selectFrom("jobs")
      .selectAll()
      .where("name", "=", "finish")
      .executeTakeFirstOrThrow();
    assert.equal(job.state, "waiting");
    assert.equal(job.failures, 1);
    assert.match(job.error ?? "", /E-JOB-INTERRUPTED/);
  },
);
