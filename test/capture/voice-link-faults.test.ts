/** What the voice connection does when it is refused, forgotten or left hanging; its long waits shortened. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toneSpeech } from "../simulator/people/speech.ts";
import { eventually, sleep } from "../support/wait.ts";
import { BOT, Bench, PEOPLE } from "./capture-bench.ts";
import { assertAllWritten } from "./captured.ts";

const [ANNA] = PEOPLE;
const limits = { timeout: 180_000 };

/** The last word of capture about the connection. */
function isHeard(bench: Bench): boolean {
  const last = bench.events.findLast(({ kind }) => kind === "connected" || kind === "interrupted");
  return last?.kind === "connected";
}

function interruptions(bench: Bench): number {
  return bench.events.filter(({ kind }) => kind === "interrupted").length;
}

/** Anna speaks, and all of it is recorded. */
async function assertHeard(bench: Bench): Promise<void> {
  const anna = await bench.seat(ANNA);
  await sleep(200);
  await anna.say(toneSpeech(ANNA.hz, 0.5));
  const { result } = await bench.stop(1);
  assertAllWritten(result, anna);
}

// Mostly waiting: together they take little longer than the longest.
suite("a voice connection that comes back", { concurrency: 4 }, () => {
  test("after a rate limit it does not ask again before the time is over", limits, async () => {
    await using bench = await Bench.start(false, { rateLimitMs: 1_500, rejoinPauseMs: 50 });
    await bench.record(1);
    const closedMs = performance.now();
    bench.service.closeClient(BOT, 4021);
    await bench.event(({ kind }) => kind === "interrupted");
    await eventually("it is back", () => isHeard(bench));
    const [, againMs = 0] = bench.joinsMs;
    assert.equal(bench.joinsMs.length, 2);
    assert.ok(againMs - closedMs >= 1_450, `asked again after ${againMs - closedMs} ms`);
    await assertHeard(bench);
  });

  test(
    "a server that refuses again and again is asked with growing, bounded pauses, and never given up",
    limits,
    async () => {
      await using bench = await Bench.start(false, { rejoinPauseMs: 40, maxPauseMs: 640 });
      await bench.record(1);
      bench.service.faults.refuseWith = 4006;
      bench.service.closeClient(BOT, 4006);
      await eventually("many attempts", () => bench.joinsMs.length >= 10);
      bench.service.faults.refuseWith = undefined;
      const pauses = bench.joinsMs.slice(1).map((atMs, index) => atMs - (bench.joinsMs[index] ?? 0));
      // The last ones take the longest pause, the first ones none worth the name. What tells of an attempt takes its time to come here,
      // so one pause may look shorter than it was.
      assert.ok(
        (bench.joinsMs[9] ?? 0) - (bench.joinsMs[7] ?? Infinity) >= 2 * 640 * 0.8,
        `pauses grow: ${pauses.join(" ")}`,
      );
      assert.ok((pauses[2] ?? Infinity) < (pauses.at(-1) ?? 0), `pauses grow: ${pauses.join(" ")}`);
      await eventually("it is back", () => isHeard(bench));
      assert.equal(interruptions(bench), 1, "one interruption, however many attempts");
      assert.ok(!bench.events.some(({ kind }) => kind === "ended"));
      await assertHeard(bench);
    },
  );

  test("when it has been tried for long enough the recording ends with the last code", limits, async () => {
    await using bench = await Bench.start(false, { rejoinPauseMs: 40, maxPauseMs: 100, giveUpMs: 800 });
    await bench.record(1);
    bench.service.faults.refuseWith = 4009;
    bench.service.closeClient(BOT, 4006);
    const ended = await bench.event(({ kind }) => kind === "ended");
    assert.ok(ended.kind === "ended" && ended.error.code === "E-RECONNECT");
    assert.match(ended.error.message, /4009/);
    await bench.stop(1);
  });

  test(
    "a discovery datagram that is lost while reconnecting costs an attempt, not the recording",
    limits,
    async () => {
      await using bench = await Bench.start(false, { answerMs: 1_000, rejoinPauseMs: 50 });
      await bench.record(1);
      bench.service.dropDiscovery(1);
      bench.service.closeClient(BOT, 4006);
      await bench.event(({ kind }) => kind === "interrupted");
      await eventually("it is back", () => isHeard(bench));
      assert.equal(bench.service.faults.dropDiscoveries, 0, "it was lost");
      assert.ok(bench.joinsMs.length >= 3);
      await assertHeard(bench);
    },
  );

  test("a websocket that no longer answers is replaced while audio goes on", limits, async () => {
    await using bench = await Bench.start(false);
    bench.service.faults.heartbeatIntervalMs = 150;
    await bench.record(1);
    const anna = await bench.seat(ANNA);
    await sleep(200);
    const speaking = anna.say(toneSpeech(ANNA.hz, 4));
    bench.service.faults.dropHeartbeatAcks = true;
    await eventually("it resumes", () => bench.service.counts.resumed > 0);
    bench.service.faults.dropHeartbeatAcks = false;
    await speaking;
    await sleep(100);
    const { result } = await bench.stop(1);
    assertAllWritten(result, anna);
    assert.equal(interruptions(bench), 0);
  });

  test("a resume that takes long interrupts nothing while audio comes", limits, async () => {
    await using bench = await Bench.start(false, { resumeGraceMs: 1_000 });
    await bench.record(1);
    const anna = await bench.seat(ANNA);
    await sleep(200);
    const speaking = anna.say(toneSpeech(ANNA.hz, 6));
    bench.service.faults.resumeDelayMs = 4_000;
    bench.service.closeClient(BOT, 1006);
    await speaking;
    await sleep(100);
    const { result } = await bench.stop(1);
    assert.equal(bench.service.counts.resumed, 1);
    assertAllWritten(result, anna);
    assert.equal(interruptions(bench), 0);
  });

  test("an answer that comes after the connection was given up is no kick", limits, async () => {
    await using bench = await Bench.start(false, { resumeGraceMs: 100, resumeMs: 400, rejoinPauseMs: 1_000 });
    await bench.record(1);
    // Answered within the pause between leaving and joining again.
    bench.service.faults.resumeDelayMs = 700;
    bench.service.closeClient(BOT, 1006);
    await eventually("it is back", () => interruptions(bench) === 1 && isHeard(bench));
    await sleep(500);
    assert.equal(bench.service.counts.resumed, 1, "the server did answer");
    assert.ok(!bench.events.some(({ kind }) => kind === "ended"));
    await assertHeard(bench);
  });

  test(
    "a connection that carries nothing is made anew when asked, as an interruption with its reason",
    limits,
    async () => {
      await using bench = await Bench.start(true, { rejoinPauseMs: 50 });
      await bench.record(1);
      bench.reconnect(1, "Nothing came.");
      const event = await bench.event(({ kind }) => kind === "interrupted");
      assert.ok(event.kind === "interrupted" && event.reason === "Nothing came.");
      await eventually("it is back", () => isHeard(bench));
      assert.equal(bench.joinsMs.length, 2);
      await assertHeard(bench);
    },
  );
});
