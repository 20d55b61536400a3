import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite, test } from "node:test";
import { SAMPLE_RATE, samplesOfMs } from "../../src/audio/pcm.ts";
import { recordingEventSchema } from "../../src/recordings/events.ts";
import { longToneSpeech, toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText } from "../support/call.ts";
import { assertSilentWithin, interruptionsOver, loudnessWithin } from "../support/interruptions.ts";
import { FRAME_MS, latenessMs, spokeAtMs } from "../support/spoken.ts";
import { eventually } from "../support/wait.ts";
import { assertAllWritten } from "../support/written.ts";

/** In which the edges of an interruption are heard. */
const LOOK_SAMPLES = SAMPLE_RATE / 5;
/** Two processes read their clocks. */
const GRACE_SAMPLES = samplesOfMs(20);
const limits = { timeout: 180_000 };

// Mostly waiting: together they take little longer than the longest.
suite("a voice connection that is closed", { concurrency: 4 }, () => {
  test("a websocket that may be resumed costs nothing: same media, no interruption", limits, async () => {
    await using call = await Call.start({ dave: true });
    const { discord } = call;
    const anna = await call.startRecording("Anna");
    // A connection that is resumed while nobody speaks is one that could be dead.
    const speaking = anna.say(longToneSpeech(440));
    await eventually("she is heard", () => call.manifest.tracks.length === 1);
    for (const [at, code] of [1006, 4015].entries()) {
      discord.voice.closeClient(discord.bot.id, code);
      await eventually(`${code} is resumed`, () => discord.voice.counts.resumed === at + 1);
      const framesThen = anna.sent.length;
      await eventually("she talks on", () => anna.sent.length > framesThen + 50);
    }
    await anna.leave();
    await speaking;
    await discord.command(anna, "record stop");
    assert.equal(discord.voice.counts.identified, 1);
    assert.equal(call.manifest.interruptions, undefined);
    call.assertNothingLost();
    assertAllWritten(call, anna);
    assert.deepEqual(discord.problems, []);
  });

  test(
    "every close code of a session that is gone brings a new one, and all that is said then is recorded",
    limits,
    async () => {
      // Pauses grow from one interruption to the next: so two calls at a time.
      await Promise.all([survive([4006, 4009, 4011]), survive([4012, 4016, 4020])]);
    },
  );

  test("what is said around an interruption is there to its very edges", limits, async () => {
    await using call = await Call.start({ dave: false });
    const { discord } = call;
    const anna = await call.startRecording("Anna");
    const speaking = anna.say(longToneSpeech(440));
    await eventually("she is heard", () => call.manifest.tracks.length === 1);
    const positionAt = (ms: number): number => samplesOfMs(ms - (call.manifest.startedAtMs ?? 0));
    // Ended by the server, and nothing said of another: five seconds, then a new start.
    const closedAtMs = performance.timeOrigin + performance.now();
    const framesBefore = anna.sent.length;
    discord.voice.closeClient(discord.bot.id, 4022);
    await eventually("it is noted", () => call.manifest.interruptions?.length === 1);
    const notedAtMs = performance.timeOrigin + performance.now();
    const span = await interruptionsOver(call, 1);
    const framesThen = anna.sent.length;
    await eventually("she talks on", () => anna.sent.length > framesThen + 50);
    await discord.command(anna, "record stop");
    await anna.leave();
    await speaking;

    const { fromSamples, toSamples = 0 } = span;
    const seconds = (toSamples - fromSamples) / SAMPLE_RATE;
    assert.ok(seconds >= 5, `it waits for another server: ${seconds} s`);
    const [closed, noted] = [positionAt(closedAtMs), positionAt(notedAtMs)];
    assert.ok(
      fromSamples > closed - GRACE_SAMPLES && fromSamples < noted + GRACE_SAMPLES,
      `it begins when it is closed, ${closed} to ${noted}: ${fromSamples}`,
    );
    assertSilentWithin(call, anna.id, [span], latenessMs(anna.sent));
    const lastBefore = positionAt(spokeAtMs(anna.sent) + framesBefore * FRAME_MS);
    const before = loudnessWithin(call, anna.id, lastBefore - LOOK_SAMPLES, lastBefore);
    const after = loudnessWithin(call, anna.id, toSamples, toSamples + LOOK_SAMPLES);
    // Three of ten frames are for the network, and for what the bot's threads take of a busy machine.
    assert.ok(before > 0.2 && after > 0.2, `it sounds before (${before}) and after (${after})`);
    call.assertNothingLost();
  });

  test(
    "a voice server that ends the connection without a kick does not end the recording",
    limits,
    async () => {
      await using call = await Call.start({ dave: true });
      const { discord } = call;
      const anna = await call.startRecording("Anna");
      await anna.say(toneSpeech(440, 0.5));
      discord.voice.closeClient(discord.bot.id, 4014);
      await interruptionsOver(call, 1);
      await anna.say(toneSpeech(440, 0.5));
      await discord.command(anna, "record stop");
      call.assertNothingLost();
      assertAllWritten(call, anna);
    },
  );

  for (const [what, code, end] of [
    ["a kick", "E-REMOVED", ({ discord }: Call) => discord.faults.kickBotFromVoice()],
    [
      "a fatal refusal",
      "E-ENCRYPTION",
      ({ discord }: Call) => discord.voice.closeClient(discord.bot.id, 4017),
    ],
  ] as const) {
    test(`${what} ends the recording with its reason, and what was said is kept`, limits, async () => {
      await using call = await Call.start({ dave: true });
      const anna = await call.startRecording("Anna");
      await anna.say(toneSpeech(440, 0.5));
      end(call);
      await eventually("she is told why", () =>
        anna.directMessages.some((message) => message.content.includes(code)),
      );
      assert.equal(call.manifest.state, "finished");
      assert.equal(call.manifest.error?.code, code);
      call.assertNothingLost();
      assertAllWritten(call, anna);
    });
  }
});

async function survive(codes: readonly number[]): Promise<void> {
  await using call = await Call.start({ dave: true });
  const { discord } = call;
  const anna = await call.startRecording("Anna");
  await anna.say(toneSpeech(440, 0.5));
  for (const [at, code] of codes.entries()) {
    discord.voice.closeClient(discord.bot.id, code);
    await interruptionsOver(call, at + 1);
    await anna.say(toneSpeech(440, 0.5));
  }
  const stop = await discord.command(anna, "record stop");
  assert.ok(discord.voice.counts.identified > codes.length, "each one was a new session");
  assert.equal(discord.voice.counts.resumed, 0);
  const { interruptions = [], state } = call.manifest;
  assert.equal(state, "finished");
  for (const [at, code] of codes.entries())
    assert.match(interruptions[at]?.reason ?? "", new RegExp(`code ${code}`));
  call.assertNothingLost();
  assertAllWritten(call, anna);
  assertSilentWithin(call, anna.id, interruptions);
  assert.match(fullText(stop), /Nobody could be heard (?:from|for .* at) 0:\d\d/);
  const kinds = readFileSync(join(call.folder, "events.ndjson"), "utf8")
    .trim()
    .split("\n")
    .map((line) => recordingEventSchema.parse(JSON.parse(line)).kind);
  assert.equal(kinds.filter((kind) => kind === "interrupted").length, codes.length);
  assert.equal(kinds.filter((kind) => kind === "connected").length, codes.length + 1);
}
