import assert from "node:assert/strict";
import { test } from "node:test";
import { balances } from "../../src/recordings/counts.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { sleep } from "../support/wait.ts";
import { BOT, Bench, CHANNEL, GUILD, PEOPLE } from "./capture-bench.ts";

const [ANNA, BEN] = PEOPLE;
const OP_COMMIT = 29;

test("a commit that cannot be followed costs the bot its place in the group, and nobody a packet", async () => {
  await using bench = await Bench.start(true);
  const { service } = bench;
  const seat = (userId: string) => service.seat({ guildId: GUILD, channelId: CHANNEL, userId });
  const anna = await seat(ANNA.userId);
  const ben = await seat(BEN.userId);
  await bench.record(1);
  await sleep(500);
  const speaking = Promise.all([anna.say(toneSpeech(ANNA.hz, 3)), ben.say(toneSpeech(BEN.hz, 3))]);
  await sleep(1_000);
  // Garbage, as a commit of transition 7.
  service.sendBinary(BOT, OP_COMMIT, Buffer.concat([Buffer.from([0, 7]), Buffer.alloc(60, 3)]));
  await sleep(200);
  assert.equal(service.keyRequests, 1, "the bot has said that it cannot follow");
  await speaking;
  await sleep(400);
  const { result } = await bench.stop(1);
  for (const [person, { userId }] of [
    [anna, ANNA],
    [ben, BEN],
  ] as const) {
    const counts = result.tracks.find((track) => track.userId === userId)?.counts;
    assert.ok(counts && balances(counts) && counts.held === 0);
    assert.equal(counts.written, person.sent.length, JSON.stringify(counts));
  }
  assert.deepEqual(service.problems, []);
});
