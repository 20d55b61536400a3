import assert from "node:assert/strict";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { GAP_LIST_LENGTH, GapList } from "../../src/capture/gap-list.ts";
import { GAP_REASONS } from "../../src/recordings/gap.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";

const FRAME = 960;

test("frames that are missing one after the other are one gap; a second apart they are told together", () => {
  const gaps = new GapList();
  for (let frame = 0; frame < 10; frame++) gaps.add("queue", frame * FRAME, (frame + 1) * FRAME);
  gaps.add("queue", 20 * FRAME, 21 * FRAME);
  gaps.add("network", 12 * FRAME, 14 * FRAME);
  gaps.add("queue", 200 * FRAME, 201 * FRAME);
  assert.deepEqual(gaps.list(), [
    { reason: "queue", fromSamples: 0, toSamples: 21 * FRAME, missingSamples: 11 * FRAME },
    { reason: "network", fromSamples: 12 * FRAME, toSamples: 14 * FRAME, missingSamples: 2 * FRAME },
    { reason: "queue", fromSamples: 200 * FRAME, toSamples: 201 * FRAME, missingSamples: FRAME },
  ]);
});

test("what lies before the recording's beginning is no gap", () => {
  const gaps = new GapList();
  gaps.add("key", -5_000, -1_000);
  gaps.add("key", -500.6, 459.4);
  assert.deepEqual(gaps.list(), [{ reason: "key", fromSamples: 0, toSamples: 459, missingSamples: 459 }]);
});

test("nothing is missing behind the recording's end", () => {
  const gaps = new GapList();
  gaps.add("key", 100 * FRAME, 101 * FRAME);
  gaps.add("network", 0, FRAME);
  gaps.add("queue", 99 * FRAME, 103 * FRAME, FRAME);
  gaps.cut(100 * FRAME + 10);
  assert.deepEqual(gaps.list(), [
    { reason: "network", fromSamples: 0, toSamples: FRAME, missingSamples: FRAME },
    { reason: "queue", fromSamples: 99 * FRAME, toSamples: 100 * FRAME + 10, missingSamples: FRAME },
    { reason: "key", fromSamples: 100 * FRAME, toSamples: 100 * FRAME + 10, missingSamples: 10 },
  ]);
  gaps.cut(50 * FRAME);
  assert.equal(gaps.list().length, 1);
});

test("what comes after all shortens its gap, and ends it", () => {
  const gaps = new GapList();
  gaps.add("network", 0, 10 * FRAME);
  assert.equal(gaps.fill("network", 2 * FRAME, 3 * FRAME, FRAME), FRAME);
  assert.equal(gaps.fill("disk", 2 * FRAME, 3 * FRAME, FRAME), 0);
  assert.equal(gaps.fill("network", 20 * FRAME, 21 * FRAME, FRAME), 0);
  assert.equal(gaps.list()[0]?.missingSamples, 9 * FRAME);
  assert.equal(gaps.fill("network", 0, 10 * FRAME, 10 * FRAME), 9 * FRAME);
  assert.deepEqual(gaps.list(), []);
});

test("a day of gaps keeps its memory, every missing sample, and every gap's place within a span", () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const memory = new Float64Array(GAP_LIST_LENGTH);
  const gaps = new GapList(memory);
  const told: { reason: string; from: number; to: number }[] = [];
  for (let at = 0; at < 24 * 3_600 * SAMPLE_RATE; at += random.below(600) * SAMPLE_RATE + 101 * FRAME) {
    const reason = GAP_REASONS[random.below(GAP_REASONS.length)]!;
    const to = at + FRAME * (1 + random.below(100));
    gaps.add(reason, at, to);
    told.push({ reason, from: at, to });
  }
  assert.ok(told.length > 200, `seed ${seed}: ${told.length} gaps`);
  const spans = new GapList(memory).list();
  assert.ok(spans.length <= 100 && spans.length > 90, `seed ${seed}: ${spans.length} spans`);
  const missing = spans.reduce((sum, { missingSamples }) => sum + missingSamples, 0);
  const lost = told.reduce((sum, { from, to }) => sum + to - from, 0);
  assert.equal(missing, lost, `seed ${seed}`);
  for (const { reason, from, to } of told) {
    const span = spans.find((one) => one.reason === reason && one.fromSamples <= from && one.toSamples >= to);
    assert.ok(span !== undefined, `seed ${seed}: ${reason} at ${from}`);
  }
});
