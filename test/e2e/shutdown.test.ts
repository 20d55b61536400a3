import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { longToneSpeech } from "../simulator/people/speech.ts";
import { Call, trackLinks } from "../support/call.ts";
import { toneSecondsIn, untilWritten } from "../support/live-track.ts";
import { rms } from "../support/tones.ts";
import { eventually } from "../support/wait.ts";
import { firstChannel, readWithWavefile } from "../support/wav-readers.ts";

const TONES_HZ = [450, 650] as const;

/** A call in which two people have talked for two seconds and go on until they leave. */
async function callInProgress() {
  const call = await Call.start({ dave: true });
  const people = [call.addHost("Anna"), call.discord.addPerson("Ben")] as const;
  for (const person of people) await person.join();
  const start = await call.discord.command(people[0], "record start", {});
  await start.until((reply) => /record/i.test(reply.content));
  const talking = Promise.all(
    people.map((person, index) => person.say(longToneSpeech(TONES_HZ[index] ?? 0))),
  );
  await eventually("both are being recorded", () => people.every((person) => person.sent.length > 100));
  return { call, people, talking };
}

for (const [signal, pipes] of [
  ["SIGTERM", "read"],
  ["SIGINT", "read"],
  ["SIGHUP", "closed"],
] as const) {
  const beside = pipes === "closed" ? ", its output's reader gone too," : "";
  test(
    `${signal}${beside} in the middle of a recording finishes it and exits 0`,
    { timeout: 180_000 },
    async () => {
      const { call, people, talking } = await callInProgress();
      await using owned = call;
      if (pipes === "closed") {
        owned.bot.child.stdout?.destroy();
        owned.bot.child.stderr?.destroy();
      }
      const before = performance.now();
      const exit = await owned.bot.stop(signal);
      assert.equal(exit.code, 0, exit.stdout + exit.stderr);
      assert.ok(performance.now() - before < 10_000, "within the promised 10 s");
      assert.doesNotMatch(exit.stdout, /reconnecting/, "nothing was lost that is to come back");
      for (const person of people) await person.leave();
      await talking;
      const { manifest } = call;
      assert.equal(manifest.state, "finished");
      assert.equal(manifest.tracks.length, 2);
      assert.doesNotMatch(call.discord.botNickname ?? "", /\[REC\]/, "the nickname is restored");
      const [links] = people[0].directMessages;
      assert.match(
        links?.content ?? "",
        /It ended because I was shut down/,
        "whoever started it gets the links",
      );
      assert.equal(trackLinks(links?.content ?? "").size, 2);
      for (const person of people) {
        const samples = firstChannel(call.trackPath(person.id));
        assert.equal(samples.length, manifest.lengthSamples);
        assert.ok(rms(samples.subarray(-SAMPLE_RATE)) > 0.05, `${person.name} is heard up to the end`);
      }
    },
  );
}

test(
  "kill -9 in the middle of a recording leaves WAVs that other programs read",
  { timeout: 180_000 },
  async () => {
    const { call, people, talking } = await callInProgress();
    await using owned = call;
    for (const [index, person] of people.entries()) await untilWritten(call, person, TONES_HZ[index] ?? 0, 1);
    const exit = await owned.bot.stop("SIGKILL");
    assert.equal(exit.signal, "SIGKILL");
    for (const person of people) await person.leave();
    await talking;
    const tracks = join(call.folder, "tracks");
    const files = readdirSync(tracks);
    assert.equal(files.length, 2);
    for (const file of files) {
      const path = join(tracks, file);
      assert.ok(readWithWavefile(path).samples > SAMPLE_RATE);
      const samples = firstChannel(path);
      const seconds = Math.max(...TONES_HZ.map((hz) => toneSecondsIn(samples, hz)));
      assert.ok(seconds >= 1, `all that was in the file: ${seconds} s`);
    }
  },
);
