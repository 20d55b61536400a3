import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSpeech } from "../simulator/people/speech.ts";
import { Call, fullText, trackLinks } from "../support/call.ts";

const SPEAKERS = 25;
const SECONDS = 60;
const CLIPS = ["anna", "ben", "chloe", "dan"] as const;

for (const dave of [true, false]) {
  test(
    `${SPEAKERS} people who all talk for ${SECONDS} s, DAVE ${dave ? "on" : "off"}: no frame dropped, none lost between socket and file`,
    {
      timeout: 180_000,
    },
    async (t) => {
      await using call = await Call.start({ dave });
      const people = Array.from({ length: SPEAKERS }, (_, index) => call.addHost(`Person ${index + 1}`));
      for (const person of people) await person.join();
      const [host] = people;
      assert.ok(host);
      const start = await call.discord.command(host, "record start", {});
      await start.until((reply) => /record/i.test(reply.content), 20_000);

      const until = Date.now() + SECONDS * 1000;
      await Promise.all(
        people.map(async (person, index) => {
          for (let turn = index; Date.now() < until; turn++)
            await person.say(await loadSpeech(CLIPS[turn % CLIPS.length] ?? "anna"));
        }),
      );
      const stop = await call.discord.command(host, "record stop");
      await stop.until((reply) => trackLinks(fullText(reply)).size === SPEAKERS, 60_000);

      const { manifest } = call;
      assert.equal(manifest.state, "finished");
      assert.equal(manifest.tracks.length, SPEAKERS);
      call.assertNothingLost();
      for (const person of people) {
        const track = manifest.tracks.find((candidate) => candidate.userId === person.id);
        assert.equal(
          track?.counts?.received,
          person.sent.length,
          `${person.name}: as many packets received as sent`,
        );
        assert.equal(track?.samples, manifest.lengthSamples);
      }
      const received = manifest.tracks.reduce((sum, track) => sum + (track.counts?.received ?? 0), 0);
      t.diagnostic(`${received} packets sent, received and written; 0 dropped`);
      assert.deepEqual(call.discord.problems, []);
    },
  );
}
