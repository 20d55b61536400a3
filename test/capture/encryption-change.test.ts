import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { sleep } from "../support/wait.ts";
import { Bench, CHANNEL, GUILD, PEOPLE, amplitudes } from "./capture-bench.ts";
import { assertAllWritten } from "./captured.ts";

const [ANNA, BEN] = PEOPLE;
const STEP_MS = 1_000;

for (const { name, versions } of [
  { name: "a call in clear that becomes encrypted", versions: [0, 1] },
  { name: "an encrypted call that becomes clear and encrypted again", versions: [1, 0, 1] },
] as const)
  test(
    `${name} in mid-speech loses nothing and lets no ciphertext through`,
    { timeout: 180_000 },
    async () => {
      await using bench = await Bench.start(true);
      const { service } = bench;
      const anna = await bench.seat(ANNA);
      const ben = await bench.seat(BEN);
      if (versions[0] === 0) service.changeEncryption(GUILD, CHANNEL, 0);
      await service.encryptionSettled(GUILD, CHANNEL);
      await bench.record(1);
      const seconds = versions.length + 1;
      const speaking = Promise.all([
        anna.say(toneSpeech(ANNA.hz, seconds)),
        ben.say(toneSpeech(BEN.hz, seconds)),
      ]);
      for (const version of versions.slice(1)) {
        await sleep(STEP_MS);
        service.changeEncryption(GUILD, CHANNEL, version);
        await service.encryptionSettled(GUILD, CHANNEL);
      }
      const clearFrames = anna.clearFrames;
      await speaking;
      assert.ok(clearFrames > 30 && anna.clearFrames === clearFrames, `${clearFrames} sent in clear`);
      assert.ok(clearFrames < anna.sent.length - 30, "the others were encrypted");
      await sleep(400);
      const { result, tracks } = await bench.stop(1);
      assertAllWritten(result, anna, ben);
      for (const { userId, hz } of [ANNA, BEN]) {
        const track = tracks.find((candidate) => candidate.userId === userId);
        assert.ok(track);
        // Ciphertext taken for Opus is noise; a second within speech is the tone and nothing else.
        const within = (await amplitudes(track.file, hz)).slice(1, seconds - 1);
        assert.ok(Math.min(...within) > 0.4, within.join());
      }
      assert.equal(result.connection.unattributed, 0);
      assert.deepEqual(service.problems, []);
    },
  );
