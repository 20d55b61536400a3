import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";
import { spokeAtMs } from "../support/spoken.ts";
import { rms, soundingSpan, toneAmplitude } from "../support/tones.ts";
import {
  firstChannel,
  missing,
  readWithFfprobe,
  readWithSox,
  readWithWavefile,
} from "../support/wav-readers.ts";

/** Somebody else's voice on a track: as good as none. Opus' own noise lies near 1e-4. */
const CROSSTALK = 0.001;
/** Of the shortest first speech. */
const FIRST_FRAMES = 50;

for (const dave of [true, false]) {
  test(
    `a call of four people, DAVE ${dave ? "on" : "off"}: each track holds its person, nobody else, in the right place`,
    { timeout: 180_000 },
    async () => {
      await using call = await Call.start({ dave });
      const { discord } = call;
      const people = [
        { person: call.addHost("Zoë"), hz: 440 },
        { person: discord.addPerson("Ben"), hz: 660 },
        { person: discord.addPerson("山田 太郎"), hz: 880 },
        { person: discord.addPerson("Dana"), hz: 550 },
      ];
      const [zoe, ben, taro, dana] = people.map(({ person }) => person);
      assert.ok(zoe && ben && taro && dana);
      for (const person of [zoe, ben, taro]) await person.join();

      const start = await discord.command(zoe, "record start", { title: "Four people" });
      await start.until((reply) => /record/i.test(reply.content));
      assert.equal(call.manifest.state, "recording");
      assert.match(discord.botNickname ?? "", /^\[REC\]/);

      // Overlap: all three at once for two seconds, then each alone; the fourth comes, one goes.
      await Promise.all([
        zoe.say(toneSpeech(440, 2)),
        ben.say(toneSpeech(660, 3)),
        taro.say(toneSpeech(880, 2)),
      ]);
      await dana.join();
      await discord.voice.encryptionSettled(discord.guild.id, discord.voiceChannel.id);
      await Promise.all([dana.say(toneSpeech(550, 2)), taro.say(toneSpeech(880, 1))]);
      await ben.leave();
      await zoe.say(toneSpeech(440, 1));

      const stop = await discord.command(zoe, "record stop");
      const answer = await stop.until((reply) => trackLinks(fullText(reply)).size === 4);
      assert.ok(answer.ephemeral);
      const { manifest } = call;
      assert.equal(manifest.state, "finished");
      assert.doesNotMatch(discord.botNickname ?? "", /\[REC\]/);
      assert.deepEqual(discord.problems, []);
      call.assertNothingLost();

      const tracks = new Map<string, Float64Array>();
      for (const { person } of people) {
        const path = call.trackPath(person.id);
        const { interleaved: _samples, ...facts } = readWithWavefile(path);
        assert.deepEqual(facts, { samples: manifest.lengthSamples, channels: 1, sampleRate: SAMPLE_RATE });
        if (!missing("ffprobe")) {
          const { tags, ...same } = readWithFfprobe(path);
          assert.deepEqual(same, facts);
          assert.equal(tags["artist"], person.name);
        }
        if (!missing("sox")) assert.deepEqual(readWithSox(path), facts);
        tracks.set(person.id, firstChannel(path));
      }

      // The link of each person gives exactly that person's file.
      for (const [number, link] of trackLinks(fullText(answer))) {
        const track = manifest.tracks.find((candidate) => candidate.track === number);
        const response = await fetch(link);
        assert.equal(response.status, 200);
        const copy = join(call.dataDir, "download.wav");
        writeFileSync(copy, Buffer.from(await response.arrayBuffer()));
        assert.deepEqual(firstChannel(copy), tracks.get(track?.userId ?? ""));
      }

      assert.ok(manifest.startedAtMs !== undefined);
      const offsets: number[] = [];
      for (const { person, hz } of people) {
        const samples = tracks.get(person.id);
        assert.ok(samples !== undefined);
        const span = soundingSpan(samples);
        assert.ok(span !== undefined, `${person.name} is heard`);
        offsets.push(
          span.first / SAMPLE_RATE -
            (spokeAtMs(person.sent.slice(0, FIRST_FRAMES)) - manifest.startedAtMs) / 1000,
        );
        const speaking = samples.subarray(span.first, span.first + SAMPLE_RATE);
        assert.ok(
          toneAmplitude(speaking, hz) > 0.9 * Math.SQRT2 * rms(speaking),
          `${person.name}'s own tone`,
        );
        for (const other of people) {
          if (other.hz === hz) continue;
          assert.ok(
            toneAmplitude(speaking, other.hz) < CROSSTALK,
            `${other.person.name} on ${person.name}'s track`,
          );
        }
      }
      // Against the wall clock: two processes' clocks and the encoder's onset, not the recorder's accuracy.
      for (const offset of offsets) assert.ok(Math.abs(offset) < 0.25, `heard ${offset} s off`);
      // Against each other: what listeners hear as sync.
      assert.ok(Math.max(...offsets) - Math.min(...offsets) < 0.03, `people apart: ${offsets.join(", ")} s`);
    },
  );
}
