import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { test } from "node:test";
import * as libopus from "libopus-wasm";
import { opusFecSamples } from "../../src/audio/opus-packet.ts";
import { concealHole } from "../../src/capture/concealment.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { FecLibrary } from "../../src/capture/fec-library.ts";
import { balances } from "../../src/recordings/counts.ts";
import { CODEC_NAMES } from "../support/opus-coder.ts";
import { encode, record, talk } from "../support/lossy-call.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";

const library = new FecLibrary();
assert.equal(await library.ready, undefined);
const withFec = loadOpusCodec(undefined, library);
const without = loadOpusCodec();
const speech = await talk(1);

/** Single losses, far enough apart for everything to settle between them. */
function everyFifteenth(packets: readonly Buffer[]): Set<number> {
  const indices = Array.from(packets, (_packet, index) => index);
  return new Set(indices.filter((index) => index > 20 && index % 15 === 0 && index < packets.length - 5));
}

/** Signal to noise in dB of the frames that lie `after` frames behind a lost one. */
function snr(
  original: Int16Array,
  got: Int16Array,
  lost: Set<number>,
  frameSize: number,
  after: number,
): number {
  let signal = 0;
  let noise = 0;
  for (const index of lost) {
    for (let at = (index + after) * frameSize; at < (index + after + 1) * frameSize; at++) {
      signal += (original[at] ?? 0) ** 2;
      noise += ((original[at] ?? 0) - (got[at] ?? 0)) ** 2;
    }
  }
  return 10 * Math.log10(signal / noise);
}

for (const [form, frameSize, options] of [
  ["hybrid", 960, { bitrate: 32_000 }],
  ["hybrid, much FEC", 960, { bitrate: 64_000 }],
  ["SILK", 960, { bitrate: 32_000, maxBandwidth: libopus.Bandwidth.Wideband }],
  ["SILK in 60 ms", 2_880, { bitrate: 40_000, maxBandwidth: libopus.Bandwidth.Wideband }],
  ["SILK in 40 ms", 1_920, { bitrate: 40_000, maxBandwidth: libopus.Bandwidth.Wideband }],
  ["hybrid in 10 ms", 480, { bitrate: 48_000 }],
] as const) {
  test(`${form}: a lost frame comes back by FEC, and what follows is as if nothing had been lost`, async () => {
    const packets = await encode(speech, { channels: 1, frameSize, ...options });
    assert.ok(packets.filter((packet) => opusFecSamples(packet) === frameSize).length > packets.length / 2);
    const lost = everyFifteenth(packets);
    assert.ok(lost.size > 3);
    const original = await record(packets, frameSize, new Set(), without);
    const plc = await record(packets, frameSize, lost, without);
    const fec = await record(packets, frameSize, lost, withFec);
    for (const { counts, written } of [plc, fec]) {
      assert.ok(balances(counts));
      const missing = Math.max(0, frameSize - 4_800) * lost.size;
      assert.equal(counts.concealedSamples, lost.size * frameSize - missing);
      assert.ok(
        written.every((times) => times === 1),
        "every sample is written once",
      );
    }
    const quality = [plc, fec].map(({ pcm }) =>
      [0, 1].map((after) => snr(original.pcm, pcm, lost, frameSize, after).toFixed(1)),
    );
    console.log(form, "PLC, then FEC: lost frame, next frame [dB]", JSON.stringify(quality));
    assert.ok(
      snr(original.pcm, fec.pcm, lost, frameSize, 0) > snr(original.pcm, plc.pcm, lost, frameSize, 0) + 4,
    );
    assert.ok(
      snr(original.pcm, fec.pcm, lost, frameSize, 1) > snr(original.pcm, plc.pcm, lost, frameSize, 1) + 4,
    );
  });
}

test("a long hole: its last frame comes back, its beginning is made up, in all 100 ms, no click at any edge", async () => {
  const packets = await encode(speech, { channels: 1, frameSize: 960, bitrate: 48_000 });
  const steep = (pcm: Int16Array, from: number, to: number): number => {
    let most = 0;
    for (let at = from; at < to; at++) most = Math.max(most, Math.abs((pcm[at] ?? 0) - (pcm[at - 1] ?? 0)));
    return most;
  };
  const original = await record(packets, 960, new Set(), without);
  const steepest = steep(original.pcm, 1, original.pcm.length);
  let recovered = 0;
  for (let first = 30; first + 15 < packets.length; first += 25) {
    const lost = new Set(Array.from({ length: 10 }, (_, index) => first + index));
    const { pcm, written, counts } = await record(packets, 960, lost, withFec);
    assert.equal(counts.concealedSamples, 4_800);
    assert.equal(counts.lostSamples, 4_800);
    const next = packets[first + 10];
    assert.ok(next);
    const has = opusFecSamples(next) > 0;
    if (has) recovered++;
    const silenceFrom = (first + (has ? 4 : 5)) * 960;
    assert.ok(written.subarray(first * 960, silenceFrom).every((times) => times === 1));
    assert.ok(written.subarray(silenceFrom, silenceFrom + 4_800).every((times) => times === 0));
    assert.ok(Math.abs(pcm[silenceFrom - 1] ?? 0) <= 1, "it ends at zero");
    if (has) assert.equal(pcm[(first + 9) * 960], 0, "and begins there");
    const most = steep(pcm, first * 960 - 10, (first + 9) * 960 + 1_900);
    assert.ok(most <= steepest, `a jump of ${most} in a hole at ${first}; speech itself has ${steepest}`);
  }
  assert.ok(recovered > 3);
});

for (const name of CODEC_NAMES) {
  test(`${name}: without the library, or when it fails in mid-speech, nothing but the FEC is lost`, async () => {
    const packets = await encode(speech, { channels: 1, frameSize: 960, bitrate: 32_000 });
    const lost = everyFifteenth(packets);
    const absent = new FecLibrary(() => Promise.reject(new Error("not installed")));
    assert.equal(await absent.ready, "not installed");
    let decoded = 0;
    const trapping = new FecLibrary(async () => ({
      ...libopus,
      createDecoder: async (options) => {
        const decoder = await libopus.createDecoder(options);
        const decode = decoder.decode.bind(decoder);
        decoder.decode = (packet, how) => {
          if (++decoded === 100) throw new Error("unreachable");
          return decode(packet, how);
        };
        return decoder;
      },
    }));
    await trapping.ready;
    for (const fec of [absent, trapping]) {
      const { counts, written } = await record(packets, 960, lost, loadOpusCodec(name, fec));
      assert.equal(counts.written, packets.length - lost.size);
      assert.equal(counts.concealedSamples, lost.size * 960);
      assert.ok(written.every((times) => times === 1));
    }
    assert.equal(decoded, 100, "it had taken over, and was not asked again");
    assert.equal(trapping.broken, true);
    assert.deepEqual([await absent.failed, await trapping.failed], ["not installed", "unreachable"]);
  });
}

test("senders with FEC that come and go by the thousand leave no memory behind", async () => {
  const packets = (await encode(speech, { channels: 1, frameSize: 960, bitrate: 32_000 })).filter(
    (packet) => opusFecSamples(packet) > 0,
  );
  const [first, second, next] = packets;
  assert.ok(first && second && next);
  let takenOver = 0;
  const churn = async (senders: number): Promise<void> => {
    for (let count = 0; count < senders; count++) {
      const decoder = withFec.create(1);
      decoder.decode(first);
      await setImmediate();
      decoder.decode(second);
      if (decoder.recoverableBefore(next) > 0 && decoder.recoverBefore(next) !== undefined) takenOver++;
      decoder.close();
    }
  };
  await churn(500);
  const before = process.memoryUsage.rss();
  await churn(2_500);
  assert.equal(takenOver, 3_000);
  // 2,500 decoders of 40 KB would be 100 MB.
  const ratio = process.memoryUsage.rss() / before;
  assert.ok(ratio < 1.2, `memory grew ${ratio.toFixed(2)} times`);
});

test("hostile packets around holes neither throw nor make pieces of a wrong length", async () => {
  const seed = pickSeed();
  const random = new SeededRandom(seed);
  const packets = await encode(speech, { channels: 1, frameSize: 960, bitrate: 32_000 });
  for (const channels of [1, 2] as const) {
    const decoder = withFec.create(channels);
    for (let round = 0; round < 1_000; round++) {
      const garbage = random.bytes(1 + random.below(120));
      // Speech coded by SILK or in both ways, one frame, its FEC flag set: only these are looked into.
      garbage[0] = (random.below(16) << 3) | (random.below(2) << 2);
      if (garbage.length > 1) garbage[1] = random.below(256) | 0x40;
      decoder.decode((round % 3 === 0 ? garbage : packets[round % packets.length]) ?? garbage);
      if (round < 10) await setImmediate();
      const lostSamples = 120 * random.below(60);
      const hole = { from: 0, to: lostSamples + 120 * random.below(3), lostSamples };
      let samples = 0;
      const { atBeginning, atEnd } = concealHole(hole, garbage, channels, decoder, {
        takeConcealed: (_position, pcm) => void (samples += pcm.length / (2 * channels)),
      });
      assert.equal(samples, atBeginning + atEnd, `seed ${seed}`);
      assert.ok(samples <= Math.min(4_800, lostSamples), `seed ${seed}`);
    }
    decoder.close();
  }
  assert.equal(library.broken, false, `seed ${seed}`);
});
