import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { sleep } from "../support/wait.ts";
import { BOT, Bench, PEOPLE } from "./capture-bench.ts";
import { assertAllWritten } from "./captured.ts";

const [ANNA, BEN, CHLOE] = PEOPLE;
const AWAY_MS = 700;

test(
  "keys that change many times during two resumes in a row are caught up with in order, told before or after op 9",
  { timeout: 180_000 },
  async () => {
    await using bench = await Bench.start(true);
    const { service } = bench;
    service.faults.resumeDelayMs = AWAY_MS;
    const anna = await bench.seat(ANNA);
    await bench.record(1);
    await sleep(1_000);
    const speaking = anna.say(toneSpeech(ANNA.hz, 5));
    await sleep(300);
    for (const replayBeforeResumed of [true, false]) {
      service.faults.replayBeforeResumed = replayBeforeResumed;
      service.closeClient(BOT, 1006);
      // Each of these is a new epoch behind the bot's back: proposals, a commit, a transition.
      for (const person of [BEN, CHLOE]) {
        const guest = await bench.seat(person);
        await sleep(50);
        await guest.leave();
      }
      await sleep(AWAY_MS + 200);
    }
    const ben = await bench.seat(BEN);
    await Promise.all([speaking, ben.say(toneSpeech(BEN.hz, 1))]);
    await sleep(400);
    assert.ok(service.repeatedTo(BOT) >= 24, `${service.repeatedTo(BOT)} messages were missed`);
    const { result } = await bench.stop(1);
    assertAllWritten(result, anna, ben);
    assert.deepEqual(service.problems, []);
  },
);
