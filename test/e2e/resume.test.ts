import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SAMPLE_RATE, samplesOfMs } from "../../src/audio/pcm.ts";
import { balances } from "../../src/recordings/counts.ts";
import { longToneSpeech, toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { toneSecondsIn, untilWritten } from "../support/live-track.ts";
import { rms, toneAmplitude } from "../support/tones.ts";
import { eventually } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";

const limits = { timeout: 180_000 };

for (const dave of [true, false]) {
  test(
    `a bot that is killed and comes back goes on with the recording, everybody in their place, DAVE ${dave ? "on" : "off"}`,
    limits,
    async () => {
      await using call = await Call.start({ dave });
      const { discord } = call;
      const [anna, ben, chloe] = [call.addHost("Anna"), discord.addPerson("Ben"), discord.addPerson("Chloe")];
      for (const person of [anna, ben]) await person.join();
      const start = await discord.command(anna, "record start");
      const page = /https?:\/\/\S+\/r\/\w{22}/.exec(start.content)?.[0];
      const talking = Promise.all([anna.say(longToneSpeech(450)), ben.say(toneSpeech(650, 2))]);
      await untilWritten(call, ben, 650, 1);
      const inFileSeconds = await untilWritten(call, anna, 450, 2);
      await call.bot.stop("SIGKILL");
      const killedAtMs = Date.now();
      const { startedAtMs = 0, id } = call.manifest;
      assert.equal(call.manifest.state, "recording", "it was killed in the middle");

      await call.restart();
      const hearsAgain = (): boolean => call.manifest.interruptions?.at(-1)?.toSamples !== undefined;
      await eventually("people are heard again", hearsAgain);
      const backAtMs = Date.now();
      // A third person, so that numbers go on where they stopped; and Ben again, on his track.
      await chloe.join();
      await Promise.all([chloe.say(toneSpeech(850, 1)), ben.say(toneSpeech(650, 1))]);
      const heard = anna.sent.length;
      await eventually("Anna talks on", () => anna.sent.length > heard + 100);
      const status = await discord.command(anna, "record status");
      assert.match(status.content, /stopped unexpectedly/);
      const stop = await discord.command(anna, "record stop");
      await stop.until((reply) => trackLinks(fullText(reply)).size === 3);
      await anna.leave();
      await talking;
      const { manifest } = call;
      assert.equal(manifest.id, id);
      assert.equal(manifest.state, "finished");
      assert.ok(page !== undefined && fullText(stop).includes(page), "the page has the same address");
      assert.deepEqual(manifest.tracks.map(({ name }) => name).toSorted(), ["Anna", "Ben", "Chloe"]);
      const files = new Map(
        [anna, ben, chloe].map((person) => [person, firstChannel(call.trackPath(person.id))]),
      );
      for (const samples of files.values()) assert.equal(samples.length, manifest.lengthSamples);

      // Where she was cut off and heard again, on the wall clock of both processes.
      const track = files.get(anna) ?? new Float64Array();
      const at = (ms: number): number => samplesOfMs(ms - startedAtMs);
      const before = track.subarray(0, at(killedAtMs));
      assert.ok(toneSecondsIn(before, 450) >= inFileSeconds, "all that was in the file is there");
      assert.equal(
        rms(track.subarray(at(killedAtMs), at(killedAtMs) + samplesOfMs(500))),
        0,
        "then is silence",
      );
      assert.ok(
        toneAmplitude(track.subarray(at(backAtMs) + SAMPLE_RATE, at(backAtMs) + 2 * SAMPLE_RATE), 450) > 0.2,
        "and she is heard again",
      );
      const spanned = files.get(ben) ?? new Float64Array();
      assert.ok(toneAmplitude(spanned.subarray(0, at(killedAtMs)), 650) > 0.05, "Ben was heard before");
      assert.ok(toneAmplitude(spanned.subarray(at(backAtMs)), 650) > 0.01, "and after, on one track");

      const [gone] = manifest.interruptions ?? [];
      assert.ok(gone?.toSamples !== undefined && /stopped unexpectedly/.test(gone.reason));
      assert.ok(
        gone.fromSamples >= inFileSeconds * SAMPLE_RATE && gone.fromSamples <= at(killedAtMs),
        `the span begins behind what was in the file and by the kill, ${at(killedAtMs)}: ${JSON.stringify(manifest.interruptions)}`,
      );
      assert.ok(gone.toSamples <= at(backAtMs) + samplesOfMs(200), "and ends when people were heard again");
      for (const { counts, name } of manifest.tracks)
        assert.ok(counts !== undefined && balances(counts), `counts of ${name}: ${JSON.stringify(counts)}`);
      const events = readFileSync(join(call.folder, "events.ndjson"), "utf8").trimEnd().split("\n");
      const kinds = events.map((line) => JSON.parse(line).kind);
      assert.deepEqual(
        kinds.filter((kind) => ["started", "resumed", "stopped"].includes(kind)),
        ["started", "resumed", "stopped"],
      );
      const notices = discord.messages(discord.voiceChannel.id);
      assert.equal(notices.length, 1, "one message stands for the whole recording");
      await eventually("it is of the past", () => /has ended/.test(notices[0]?.content ?? ""));
      assert.deepEqual(discord.problems, []);
    },
  );
}

test("a recording whose people have left does not go on: it is finished as it was", limits, async () => {
  await using call = await Call.start({ dave: false });
  const anna = call.addHost("Anna");
  await anna.join();
  await call.discord.command(anna, "record start");
  await anna.say(toneSpeech(440, 2));
  await call.bot.stop("SIGKILL");
  await anna.leave();
  await call.restart();
  await eventually("it is finished", () => call.manifest.state === "finished");
  assert.equal(call.manifest.recovered, true);
  const status = await call.discord.command(anna, "record status");
  assert.match(status.content, /[Nn]othing/);
});

test(
  "a recording that is about to go on after a crash can be stopped, and is asked about",
  limits,
  async () => {
    await using call = await Call.start({ dave: false });
    const { discord } = call;
    const anna = await call.startRecording("Anna");
    await anna.say(toneSpeech(440, 2));
    await call.bot.stop("SIGKILL");
    assert.equal(call.manifest.state, "recording");
    // It takes commands before Discord has answered its list of them, and goes on after that.
    const method = "PUT";
    discord.faults.rest({ method, path: /\/commands$/, delayMs: 2_000 });
    const listed = (): number =>
      discord.rest.requests.filter((request) => /^PUT .*\/commands$/.test(request)).length;
    const before = listed();
    await call.spawn();
    await eventually("it takes commands", () => listed() > before);
    const answers = [discord.command(anna, "record status"), discord.command(anna, "record stop")];
    assert.doesNotMatch(call.bot.output, /going on with a recording/, "it has not gone on yet");
    const [status, stop] = await Promise.all(answers);
    assert.match(status?.content ?? "", /Reconnecting to|Recording|Finishing/);
    assert.equal(trackLinks(stop === undefined ? "" : fullText(stop)).size, 1);
    assert.match(call.bot.output, /going on with a recording/);
    const { state, recovered } = call.manifest;
    assert.deepEqual([state, recovered], ["finished", undefined]);
  },
);
