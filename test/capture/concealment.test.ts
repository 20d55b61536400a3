import assert from "node:assert/strict";
import { test } from "node:test";
import { concealHole, concealedSamplesOf } from "../../src/capture/concealment.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { CODEC_NAMES } from "../support/opus-coder.ts";
import { encodeTone } from "../support/opus-tones.ts";

/** Amplitude 8,000 at 440 Hz moves by 461 from sample to sample; a click is several times that. */
const STEEPEST = 2 * 461;

/** Its packets carry no FEC. */
const CELT = Buffer.from([0xf8, 0xff, 0xfe]);

/** Fills a hole after half a second of tone; the PCM before it and what was made up. */
function fill(
  name: "@discordjs/opus" | "opusscript",
  channels: 1 | 2,
  lostSamples: number,
  to = lostSamples,
) {
  const decoder = loadOpusCodec(name).create(channels);
  let before: Buffer = Buffer.alloc(0);
  for (const packet of encodeTone(25, 960, channels)) before = decoder.decode(packet) ?? before;
  const pieces: Buffer[] = [];
  let position = 0;
  concealHole({ from: 0, to, lostSamples }, CELT, channels, decoder, {
    takeConcealed: (at, pcm) => {
      assert.equal(at, position, "pieces follow each other");
      position += pcm.length / (2 * channels);
      pieces.push(pcm);
    },
  });
  decoder.close();
  return { before, pcm: Buffer.concat(pieces) };
}

function steepest(pcm: Buffer, channels: 1 | 2): number {
  let most = 0;
  for (let at = channels * 2; at < pcm.length; at += 2)
    most = Math.max(most, Math.abs(pcm.readInt16LE(at) - pcm.readInt16LE(at - channels * 2)));
  return most;
}

for (const name of CODEC_NAMES) {
  for (const channels of [1, 2] as const) {
    test(`${name}, ${channels} channels: as much is made up as was lost, to the sample, up to 100 ms`, () => {
      for (const samples of [1, 119, 120, 240, 959, 480, 960, 1_080, 1_920, 2_880, 4_800, 5_760, 48_000]) {
        const { pcm } = fill(name, channels, samples);
        assert.equal(pcm.length, Math.min(samples, 4_800) * 2 * channels, `${samples} samples`);
      }
    });

    test(`${name}, ${channels} channels: a hole that goes on in silence is left without a click`, () => {
      for (const [lost, to] of [
        [48_000, 48_000],
        [960, 1_920],
        [120, 48_000],
      ] as const) {
        const { before, pcm } = fill(name, channels, lost, to);
        const silence = Buffer.alloc(960 * 2 * channels);
        assert.ok(Math.abs(pcm.readInt16LE(pcm.length - 2)) <= 1, "it ends at zero");
        const most = steepest(Buffer.concat([before, pcm, silence]), channels);
        assert.ok(most < STEEPEST, `jumps by ${most} in a hole of ${lost} of ${to}`);
      }
    });
  }
}

test("what the sender left silent is not filled", () => {
  assert.equal(concealedSamplesOf({ from: 0, to: 9_600, lostSamples: 960 }), 960);
  assert.equal(concealedSamplesOf({ from: 0, to: 480, lostSamples: 960 }), 480);
  assert.equal(concealedSamplesOf({ from: 100, to: 90, lostSamples: 960 }), 0);
});
