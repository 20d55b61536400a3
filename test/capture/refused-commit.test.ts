import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { eventually, sleep } from "../support/wait.ts";
import { Bench, PEOPLE } from "./capture-bench.ts";
import { assertAllWritten } from "./captured.ts";

const [ANNA, BEN] = PEOPLE;

test("a commit that cannot be followed costs the bot its place in the group, and nobody a packet", async () => {
  await using bench = await Bench.start(true);
  const { service } = bench;
  const anna = await bench.seat(ANNA);
  const ben = await bench.seat(BEN);
  await bench.record(1);
  await sleep(500);
  const speaking = Promise.all([anna.say(toneSpeech(ANNA.hz, 3)), ben.say(toneSpeech(BEN.hz, 3))]);
  await sleep(1_000);
  bench.sendGarbledCommit();
  await eventually("the bot has said that it cannot follow", () => service.keyRequests === 1);
  await speaking;
  await sleep(400);
  const { result } = await bench.stop(1);
  assertAllWritten(result, anna, ben);
  assert.deepEqual(service.problems, []);
});
