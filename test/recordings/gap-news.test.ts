import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_PACKETS } from "../../src/recordings/counts.ts";
import type { Gap } from "../../src/recordings/gap.ts";
import { GapNews } from "../../src/recordings/gap-news.ts";
import type { CapturedTrack } from "../../src/recordings/stages.ts";

function lost(fromSamples: number, missingSamples = 960): Gap {
  return { reason: "network", fromSamples, toSamples: fromSamples + missingSamples, missingSamples };
}

function zoe(...gaps: Gap[]): CapturedTrack {
  return { track: 1, userId: "11", counts: NO_PACKETS, gaps };
}

test("each gap is told once, however it grows, and each reason for itself", () => {
  const news = new GapNews();
  const key = { ...lost(100), reason: "key" } as const;
  const positions = (track: CapturedTrack): number[] => news.next([track]).map(({ gap }) => gap.fromSamples);
  assert.deepEqual(positions(zoe(lost(0))), [0], "the very beginning can be missing");
  assert.deepEqual(positions(zoe(lost(0, 1_920))), []);
  assert.deepEqual(positions(zoe(lost(0, 1_920), key, lost(96_000))), [100, 96_000]);
  assert.deepEqual(positions({ track: 1, userId: "11", counts: NO_PACKETS }), [], "as they were");
  assert.deepEqual(news.next([{ ...zoe(lost(0)), track: 2, userId: "22" }])[0]?.userId, "22");
});
