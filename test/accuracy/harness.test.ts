import assert from "node:assert/strict";
import { test } from "node:test";

import { SeededRandom } from "../capture/seeded-random.ts";
import { chirp, findChirps, VOICES } from "./chirps.ts";
import { craigTrack } from "./craig.ts";
import { carry } from "./network.ts";
import type { Arrival, SaidChirp } from "./network.ts";
import { positionError, quantile, signedErrors } from "./position-error.ts";
import { utterances } from "./utterances.ts";

const SECONDS = 12;
const CODEC_DELAY = 312;

/** Twelve seconds without a pause over a perfect network. */
function perfect(): { readonly arrivals: Arrival[]; readonly chirps: SaidChirp[] } {
  const said = utterances(0, SECONDS, "music", new SeededRandom(1));
  return carry(said, 0, 0, { jitterMs: 0 }, new SeededRandom(2));
}

/** By how much Craig's way puts what was said too late, in milliseconds, for most of it. */
function latenessMs(arrivals: readonly Arrival[], said: readonly SaidChirp[]): number {
  const errors = signedErrors([{ voice: 0, said, track: craigTrack(arrivals) }], CODEC_DELAY);
  assert.equal(errors.length, said.length, "every sound is found");
  return quantile(errors, 0.5) / 48;
}

test("a chirp is found at its sample, by its own speaker's shape only", () => {
  for (let voice = 0; voice < VOICES; voice++) {
    const track = new Int16Array(20_000);
    track.set(Int16Array.from(chirp(voice), Math.round), 7_777);
    for (let other = 0; other < VOICES; other++)
      assert.deepEqual(findChirps(track, other), other === voice ? [7_777] : []);
  }
});

test("errors, missing sounds and sounds of nobody are told apart", () => {
  const track = new Int16Array(500_000);
  const sound = Int16Array.from(chirp(0), Math.round);
  for (const at of [10_000, 100_048, 400_000]) track.set(sound, at);
  const said = [10_000, 100_000, 200_000, 300_000].map((position, instant) => ({
    position,
    instant,
    lost: instant === 3,
  }));
  const error = positionError([{ voice: 0, said, track }], 0);
  assert.deepEqual(error, {
    sounds: 2,
    medianMs: 0,
    p99Ms: 1,
    maxMs: 1,
    apartMs: 0,
    missing: 1,
    lost: 1,
    stray: 1,
  });
});

test("Craig's way keeps a clean stream within a frame of its place", () => {
  const { arrivals, chirps } = perfect();
  assert.ok(Math.abs(latenessMs(arrivals, chirps)) <= 20);
});

/** Measured with the compiled `oggcorrect`: 480 ms lost leave what follows 480 ms early, 500 ms and more are filled. */
for (const [lostFrames, expectedMs] of [
  [24, -480],
  [26, 0],
] as const) {
  test(`Craig's way moves what follows a loss of ${lostFrames * 20} ms by ${expectedMs} ms`, () => {
    const { arrivals, chirps } = perfect();
    const clean = latenessMs(arrivals, chirps);
    // Between the first and the second chirp, so that most of them follow.
    const kept = arrivals.filter((_, frame) => frame < 100 || frame >= 100 + lostFrames);
    const later = chirps.filter(({ position }) => position > (kept[100]?.arrival ?? 0));
    assert.ok(later.length > 3);
    const moved = latenessMs(kept, later) - clean;
    assert.ok(Math.abs(moved - expectedMs) <= 20, `moved by ${moved} ms`);
  });
}
