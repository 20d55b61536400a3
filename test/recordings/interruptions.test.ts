import assert from "node:assert/strict";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import { newManifest } from "../../src/recordings/manifest-changes.ts";
import {
  isInterrupted,
  missingIn,
  withEndOfInterruption,
  withInterruption,
  withInterruptionsEndedAt,
  withMove,
} from "../../src/recordings/interruptions.ts";
import { pickSeed, SeededRandom } from "../capture/seeded-random.ts";
import { request } from "./stages/studio.ts";

const manifest = newManifest("id", request());
const lost = { cause: "connection", fromSamples: 48_000, reason: "Lost." } as const;
const deafened = { cause: "deafened", fromSamples: 72_000, reason: "Deafened." } as const;

test("interruptions of different causes overlap, each with its own span", () => {
  const both = withInterruption(withInterruption(manifest, lost), deafened);
  const again = withInterruption(both, { ...lost, fromSamples: 60_000 });
  assert.deepEqual(again, both, "one that lasts is not opened twice");
  const back = withEndOfInterruption(both, ["connection", "moved"], 96_000);
  assert.ok(!isInterrupted(back, "connection") && isInterrupted(back, "deafened"));
  const over = withInterruptionsEndedAt(back, 120_000);
  assert.deepEqual(over.interruptions, [
    { ...lost, toSamples: 96_000 },
    { ...deafened, toSamples: 120_000 },
  ]);
  assert.deepEqual(manifestSchema.parse(over), over);
});

test("a span never reaches beyond the recording, nor ends before it begins", () => {
  const open = withInterruption(manifest, lost);
  assert.equal(withEndOfInterruption(open, ["connection"], 1)?.interruptions?.[0]?.toSamples, 48_000);
  assert.deepEqual(withInterruptionsEndedAt(open, 40_000).interruptions, []);
});

test("an interruption begins behind the end of the one before it, however old the last sign of life is", () => {
  const first = withEndOfInterruption(withInterruption(manifest, lost), ["connection"], 96_000);
  const second = withInterruption(first, { ...lost, fromSamples: 90_000 });
  assert.equal(second.interruptions?.[1]?.fromSamples, 96_000);
});

test("a connection lost just before a move was lost by it; one lost long before was not", () => {
  const reason = "Moved.";
  const open = withInterruption(manifest, lost);
  assert.deepEqual(withMove(open, 72_000, reason).interruptions, [
    { cause: "moved", fromSamples: 48_000, reason },
  ]);
  assert.deepEqual(withMove(open, 480_000, reason).interruptions, [
    { ...lost, toSamples: 480_000 },
    { cause: "moved", fromSamples: 480_000, reason },
  ]);
});

test("a connection that drops every second for a day leaves a short manifest, and the sum of what is missing", (t) => {
  const seed = pickSeed();
  t.diagnostic(`seed ${seed}`);
  const random = new SeededRandom(seed);
  const length = 24 * 3_600 * SAMPLE_RATE;
  const sums = { connection: 0, moved: 0, deafened: 0 };
  const all: { cause: "connection" | "moved"; fromSamples: number; toSamples: number }[] = [];
  let flapping = withInterruption(manifest, { ...deafened, fromSamples: 0 });
  for (let at = 0; at < length - 2 * SAMPLE_RATE;) {
    const fromSamples = at + 1 + random.below(SAMPLE_RATE);
    const toSamples = fromSamples + 1 + random.below(SAMPLE_RATE);
    const cause = random.below(100) === 0 ? "moved" : "connection";
    flapping = withInterruption(flapping, { cause, fromSamples, reason: `Lost at ${fromSamples}.` });
    flapping = withEndOfInterruption(flapping, [cause], toSamples);
    sums[cause] += toSamples - fromSamples;
    all.push({ cause, fromSamples, toSamples });
    at = toSamples;
  }
  assert.ok(isInterrupted(flapping, "deafened"), "one that lasts is left alone");
  const over = withInterruptionsEndedAt(flapping, length);
  sums.deafened = length;
  const { interruptions = [] } = over;
  assert.ok(interruptions.length <= 200, `${interruptions.length} spans`);
  assert.ok(JSON.stringify(over).length < 50_000);
  assert.deepEqual(manifestSchema.parse(over), over);
  for (const cause of ["connection", "moved", "deafened"] as const) {
    const spans = interruptions.filter((one) => one.cause === cause);
    assert.equal(
      spans.reduce((sum, one) => sum + missingIn(one), 0),
      sums[cause],
      cause,
    );
    for (const [index, { fromSamples, toSamples = 0 }] of spans.entries())
      assert.ok(fromSamples < toSamples && fromSamples >= (spans[index - 1]?.toSamples ?? 0), cause);
  }
  for (const { cause, fromSamples, toSamples } of all)
    assert.ok(
      interruptions.some(
        (one) =>
          one.cause === cause && one.fromSamples <= fromSamples && toSamples <= (one.toSamples ?? Infinity),
      ),
      "each lies within a span that is told",
    );
  const cut = withInterruptionsEndedAt(over, SAMPLE_RATE).interruptions ?? [];
  for (const one of cut) assert.ok(missingIn(one) <= SAMPLE_RATE - one.fromSamples);
});
