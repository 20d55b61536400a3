import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import { newManifest } from "../../src/recordings/manifest-changes.ts";
import { interruptionLines } from "../../src/recordings/interruption-words.ts";
import {
  isInterrupted,
  withEndOfInterruption,
  withInterruption,
  withInterruptionsEndedAt,
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

test("a manifest of a former version has no interruptions and says nothing of them", () => {
  assert.deepEqual(interruptionLines(manifestSchema.parse(manifest)), []);
});

test("interruptions are told with their place in the recording", () => {
  const late = { ...lost, fromSamples: 48_000 * 3_723.45, toSamples: 48_000 * 3_733.9 };
  const lines = interruptionLines({ ...manifest, interruptions: [{ ...late }, deafened] });
  assert.deepEqual(lines, [
    "Nobody could be heard from 1:02:03.4 to 1:02:13.9 (10.4 s): Lost.",
    "Nobody can be heard since 0:01.5: Deafened.",
  ]);
  const many = Array.from({ length: 12 }, () => late);
  assert.equal(
    interruptionLines({ ...manifest, interruptions: many }).at(-1),
    "Nobody could be heard 2 more times.",
  );
});
