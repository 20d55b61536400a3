import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { balances } from "../../src/recordings/counts.ts";
import { recordingEventSchema } from "../../src/recordings/events.ts";
import type { RecordingEvent } from "../../src/recordings/events.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText } from "../support/call.ts";
import { rms } from "../support/tones.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";

const HOOK = fileURLToPath(new URL("../support/faulty-thread.ts", import.meta.url));

/** Jitter, look-ahead and the last decoded frame: what may still sound after the last sign of life. */
const EDGE_SAMPLES = 0.25 * SAMPLE_RATE;

function eventsOf(folder: string): RecordingEvent[] {
  const lines = readFileSync(join(folder, "events.ndjson"), "utf8").trim().split("\n");
  return lines.map((line) => recordingEventSchema.parse(JSON.parse(line)));
}

test(
  "the capture thread dies of memory, of an exception and for good: each gap is exact and told, every packet counted",
  { timeout: 180_000 },
  async () => {
    const trigger = join(tmpdir(), `faulty-thread-${process.pid}`);
    await using call = await Call.start({
      dave: true,
      nodeOptions: ["--import", HOOK],
      environment: { FAULTY_THREAD: trigger },
    });
    const { discord } = call;
    const zoe = call.addHost("Zoë");
    const ben = discord.addPerson("Ben");
    for (const person of [zoe, ben]) await person.join();
    await discord.command(zoe, "record start", {});
    await Promise.all([zoe.say(toneSpeech(440, 2)), ben.say(toneSpeech(660, 2))]);

    const kinds = (): string[] => eventsOf(call.folder).map(({ kind }) => kind);
    const count = (kind: string): number => kinds().filter((one) => one === kind).length;
    const notices = (): string => discord.messages(discord.voiceChannel.id).at(0)?.content ?? "";
    for (const [turn, how] of ["memory", "throw"].entries()) {
      const speaking = Promise.all([zoe.say(toneSpeech(440, 3)), ben.say(toneSpeech(660, 3))]);
      await sleep(1_000);
      writeFileSync(trigger, `capture ${how}`);
      // Filling half a gigabyte takes a busy machine its time.
      await eventually(`death by ${how}`, () => count("interrupted") === turn + 1, 60_000);
      assert.ok(!existsSync(trigger), "the thread took its death");
      await eventually("people are told", () => /the connection was lost: nobody is heard/.test(notices()));
      await speaking;
      await eventually("people can be heard again", () => count("connected") === turn + 2);
      await eventually("and are told", () => /Everybody heard gets/.test(notices()));
      await Promise.all([zoe.say(toneSpeech(440, 2)), ben.say(toneSpeech(660, 2))]);
    }
    const status = fullText(await discord.command(zoe, "record status"));
    assert.equal(status.match(/Nobody could be heard (?:from|for)/g)?.length, 2, status);

    writeFileSync(trigger, "capture exit");
    await eventually("its end", () => call.manifest.state === "finished");
    const { manifest } = call;
    assert.equal(manifest.error?.code, "E-CAPTURE-DIED");
    assert.equal(manifest.interruptions?.length, 2);

    const events = eventsOf(call.folder);
    const lost = events.filter(({ kind }) => kind === "interrupted").map(({ position }) => position);
    const found = events.filter(({ kind }) => kind === "connected").map(({ position }) => position);
    assert.deepEqual(
      manifest.interruptions.map(({ fromSamples, toSamples }) => [fromSamples, toSamples]),
      lost.map((position, turn) => [position, found[turn + 1]]),
    );
    for (const person of [zoe, ben]) {
      const samples = firstChannel(call.trackPath(person.id));
      assert.equal(samples.length, manifest.lengthSamples);
      for (const { fromSamples, toSamples = 0 } of manifest.interruptions) {
        const gap = samples.subarray(fromSamples + EDGE_SAMPLES, toSamples - EDGE_SAMPLES);
        assert.ok(
          gap.length > 0 && rms(gap) === 0,
          `${person.name}: silence from ${fromSamples} to ${toSamples}`,
        );
        const before = samples.subarray(fromSamples - SAMPLE_RATE / 2, fromSamples - EDGE_SAMPLES);
        assert.ok(rms(before) > 0.05, `${person.name} is heard until ${fromSamples}`);
      }
    }
    for (const { name, counts, writtenSamples = 0 } of manifest.tracks) {
      assert.ok(
        counts !== undefined && balances(counts) && counts.held === 0,
        `${name}: ${JSON.stringify(counts)}`,
      );
      assert.ok(counts.written > 200, `${name}: ${JSON.stringify(counts)}`);
      // The packet in hand at each of three deaths may be in the file and not in the books; and packets are stretched by
      // fractions of a frame where the sender's clock drifts, or cut where a talkspurt begins inside the one before.
      const unbooked = writtenSamples - counts.written * FRAME_SAMPLES - counts.concealedSamples;
      assert.ok(Math.abs(unbooked) <= 3 * FRAME_SAMPLES, `${name}: ${unbooked} samples not in the books`);
    }
    const { datagrams, notMedia, unattributed } = manifest.connection ?? {
      datagrams: 0,
      notMedia: 0,
      unattributed: 0,
    };
    const received = manifest.tracks.reduce((sum, { counts }) => sum + (counts?.received ?? 0), 0);
    assert.equal(datagrams, notMedia + unattributed + received, JSON.stringify(manifest.connection));
  },
);
