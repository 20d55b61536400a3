import assert from "node:assert/strict";
import { test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { eventually, sleep } from "../support/wait.ts";
import { BOT, Bench, PEOPLE } from "./capture-bench.ts";
import { countsOf } from "./captured.ts";

const [ANNA, BEN] = PEOPLE;

test(
  "keys that never come back by themselves are had by joining the call anew",
  { timeout: 180_000 },
  async () => {
    await using bench = await Bench.start(true);
    const { service } = bench;
    const anna = await bench.seat(ANNA);
    const ben = await bench.seat(BEN);
    await bench.record(1);
    await sleep(500);
    const speaking = Promise.all([anna.say(toneSpeech(ANNA.hz, 18)), ben.say(toneSpeech(BEN.hz, 18))]);
    await sleep(500);
    // It cannot follow, asks for new keys, and never gets them: its websocket stalls, media goes on.
    bench.sendGarbledCommit();
    service.holdMessages(BOT);
    await eventually("it has asked for keys", () => service.keyRequests === 1);
    const lost = await eventually("it gives the connection up", () =>
      bench.events.find((event) => event.kind === "interrupted"),
    );
    assert.match(lost.reason, /decrypted/);
    const isBack = () =>
      bench.events.find((event) => event.kind === "connected" && event.position > lost.position);
    await eventually("people are heard again", isBack);
    assert.equal(bench.joinsMs.length, 2, "it joined anew once");
    await speaking;
    const before = anna.sent.length;
    await anna.say(toneSpeech(ANNA.hz, 1));
    await sleep(400);
    const { result } = await bench.stop(1);
    assert.equal(bench.joinsMs.length, 2);
    const counts = countsOf(result, ANNA.userId);
    assert.ok(counts.expired > 0, `there was speech that never opened: ${JSON.stringify(counts)}`);
    const said = anna.sent.length - before;
    assert.ok(counts.written > said, "before the loss and after the return she was heard");
    const end = result.tracks.find(({ userId }) => userId === ANNA.userId)?.gaps?.at(-1)?.toSamples ?? 0;
    assert.ok(end < result.lengthSamples - 48_000, "nothing of what she said last is missing");
  },
);
