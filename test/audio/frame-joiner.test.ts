import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameJoiner } from "../../src/audio/frame-joiner.ts";
import { stretch } from "../../src/audio/stretch.ts";
import { CROSSFADE_SAMPLES } from "../../src/audio/timeline.ts";

const FRAME = 960;

/** Interleaved; the second channel is the first one's negative. */
function frameOf(channels: 1 | 2, valueAt: (sample: number) => number): Buffer {
  const pcm = Buffer.alloc(FRAME * channels * 2);
  for (let sample = 0; sample < FRAME; sample++)
    for (let channel = 0; channel < channels; channel++)
      pcm.writeInt16LE(
        Math.round(valueAt(sample) * (channel === 0 ? 1 : -1)),
        (sample * channels + channel) * 2,
      );
  return pcm;
}

for (const channels of [1, 2] as const)
  test(`a stretched tone stays that tone, in ${channels === 1 ? "mono" : "stereo"}`, () => {
    for (const [hertz, floorDb] of [
      [440, -80],
      [4_000, -60],
      [12_000, -55],
    ] as const) {
      for (const span of [959, 961, 955, 965]) {
        const radians = (2 * Math.PI * hertz) / 48_000;
        const stretched = stretch(
          frameOf(channels, (sample) => 16_000 * Math.sin(radians * sample)),
          channels,
          span,
        );
        assert.equal(stretched.length, span * channels * 2);
        let error = 0;
        let power = 0;
        for (let sample = 0; sample < span; sample++) {
          const ideal = 16_000 * Math.sin((radians * sample * FRAME) / span);
          const left = stretched.readInt16LE(sample * channels * 2);
          error += (left - ideal) ** 2;
          power += ideal ** 2;
          if (channels === 2) assert.ok(Math.abs(left + stretched.readInt16LE(sample * 4 + 2)) <= 1);
        }
        const floor = 10 * Math.log10(error / power);
        assert.ok(floor <= floorDb, `${hertz} Hz, ${span} samples: ${floor} dB`);
      }
    }
  });

test("frames that follow one another are passed on as they are", () => {
  const joiner = new FrameJoiner(1);
  for (const position of [0, FRAME, 2 * FRAME, 10 * FRAME]) {
    const pcm = frameOf(1, () => position);
    assert.equal(joiner.join(pcm, position, FRAME), pcm);
  }
});

test("where two frames overlap the first one fades into the second, without a step", () => {
  for (const channels of [1, 2] as const) {
    const joiner = new FrameJoiner(channels);
    joiner.join(
      frameOf(channels, () => 10_000),
      0,
      FRAME,
    );
    const joined = joiner.join(
      frameOf(channels, () => -10_000),
      FRAME - CROSSFADE_SAMPLES,
      FRAME,
    );
    let before = 10_000;
    for (let sample = 0; sample < FRAME; sample++) {
      const value = joined.readInt16LE(sample * channels * 2);
      assert.ok(value <= before && before - value <= Math.ceil(20_000 / CROSSFADE_SAMPLES), `at ${sample}`);
      before = value;
    }
    assert.equal(joined.readInt16LE(CROSSFADE_SAMPLES * channels * 2), -10_000);
  }
});

test("a frame that comes late is fitted to its room, mixed with nothing, and does not count as the last one", () => {
  const joiner = new FrameJoiner(1);
  joiner.join(
    frameOf(1, () => 1),
    5 * FRAME,
    FRAME,
  );
  const late = frameOf(1, () => 2);
  assert.equal(joiner.fit(late, FRAME), late);
  assert.equal(joiner.fit(late, FRAME + 1).length, late.length + 2);
  const next = frameOf(1, () => 3);
  assert.equal(joiner.join(next, 6 * FRAME, FRAME), next);
});
