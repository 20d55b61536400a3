import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import { newManifest } from "../../src/recordings/manifest-changes.ts";
import {
  isInterrupted,
  withEndOfInterruption,
  withInterruption,
  withInterruptionsEndedAt,
  withMove,
} from "../../src/recordings/interruptions.ts";
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
