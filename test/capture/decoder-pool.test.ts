import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { DecoderPool } from "../../src/capture/decoder-pool.ts";
import type { NativeDecoder } from "../../src/capture/decoder-pool.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { hasNativeOpus } from "../support/opus-coder.ts";
import { encodeTone } from "../support/opus-tones.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";

const SEGMENTS = 4_000;
const packets = encodeTone(20);
const [first] = packets;
assert.ok(first);

const skip = hasNativeOpus ? false : "@discordjs/opus was not built here";

/** A decoder of the native library. */
function decoder(channels: number): NativeDecoder {
  type Library = { OpusEncoder: new (rate: number, channels: number) => NativeDecoder };
  const { OpusEncoder } = createRequire(import.meta.url)("@discordjs/opus") as Library;
  return new OpusEncoder(48_000, channels);
}

/** Megabytes by which the process grows while this many segments come and go. */
function growthMb(segment: () => void): number {
  const before = process.memoryUsage.rss();
  for (let count = 0; count < SEGMENTS; count++) segment();
  return (process.memoryUsage.rss() - before) / 2 ** 20;
}

test("a decoder that is used again decodes as a new one does, whatever it was fed before", { skip }, () => {
  let created = 0;
  const pool = new DecoderPool((channels) => {
    created++;
    return decoder(channels);
  });
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  for (const channels of [1, 2] as const) {
    const fresh = pool.take(channels);
    const expected = packets.map((packet) => fresh.decode(packet));
    for (let round = 0; round < 200; round++) {
      try {
        fresh.decode(random.bytes(1 + random.below(200)));
      } catch {
        continue;
      }
    }
    fresh.delete?.();
    const again = pool.take(channels);
    packets.forEach((packet, index) =>
      assert.deepEqual(again.decode(packet), expected[index], `seed ${seed}`),
    );
    assert.throws(() => fresh.decode(first), /closed/, "who gave it back has no hold on it");
    fresh.delete?.();
    again.delete?.();
  }
  assert.equal(created, 2);
});

test("many at once are each their own, and only some are kept when they end", { skip }, () => {
  let created = 0;
  const pool = new DecoderPool((channels) => {
    created++;
    return decoder(channels);
  });
  for (let round = 0; round < 3; round++) {
    const decoders = Array.from({ length: 100 }, () => pool.take(1));
    for (const one of decoders) one.delete?.();
  }
  assert.equal(created, 100 + 36 + 36);
});

test("segments that come and go by the thousand leave no memory behind", { skip }, () => {
  const codec = loadOpusCodec("@discordjs/opus");
  const pooled = (): void => {
    const one = codec.create(1);
    assert.equal(one.decode(first)?.length, 1_920);
    one.close();
  };
  for (let count = 0; count < 500; count++) pooled();
  const withPool = growthMb(pooled);
  const without = growthMb(() => void decoder(1).decode(first));
  assert.ok(without > 40, `decoders of their own must show the leak: ${without.toFixed(1)} MB`);
  assert.ok(withPool < without / 4, `${withPool.toFixed(1)} MB, without the pool ${without.toFixed(1)} MB`);
});
