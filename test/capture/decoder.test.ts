import assert from "node:assert/strict";
import { test } from "node:test";
import { isSilenceFrame, opusPacketSamples } from "../../src/audio/opus-packet.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { CODEC_NAMES } from "../support/opus-coder.ts";
import { encodeTone } from "../support/opus-tones.ts";
import { SeededRandom, pickSeed } from "./seeded-random.ts";

const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);

/** 50 packets of a 440 Hz tone. */
const tone = (channels: 1 | 2): Buffer[] => encodeTone(50, 960, channels);

function loudness(pcm: Buffer): number {
  let sum = 0;
  for (let at = 0; at < pcm.length; at += 2) sum += pcm.readInt16LE(at) ** 2;
  return Math.sqrt(sum / (pcm.length / 2));
}

for (const name of CODEC_NAMES) {
  for (const channels of [1, 2] as const) {
    test(`${name} decodes mono packets to ${channels} channels, conceals, and survives garbage`, () => {
      const decoder = loadOpusCodec(name).create(channels);
      assert.equal(decoder.conceal(960), undefined, "there is nothing to go on from");
      for (const packet of tone(1)) assert.equal(decoder.decode(packet)?.length, 960 * 2 * channels);
      const concealed = decoder.conceal(960);
      assert.equal(concealed?.length, 960 * 2 * channels);
      assert.ok(loudness(concealed) > 500, "concealment goes on with the tone");
      assert.equal(decoder.decode(SILENCE)?.length, 960 * 2 * channels);
      assert.equal(decoder.decode(Buffer.alloc(0)), undefined);

      const seed = pickSeed();
      const random = new SeededRandom(seed);
      for (let round = 0; round < 300; round++) {
        const pcm = decoder.decode(random.bytes(1 + random.below(300)));
        if (pcm !== undefined) assert.equal(pcm.length % (2 * channels), 0, `seed ${seed}`);
      }
      for (const packet of tone(1).slice(0, 3))
        assert.equal(decoder.decode(packet)?.length, 960 * 2 * channels);
      decoder.close();
    });
  }

  test(`${name} serves many decoders at once, one after the other`, () => {
    const codec = loadOpusCodec(name);
    const packets = tone(2).slice(0, 3);
    const decoders = Array.from({ length: 30 }, () => codec.create(2));
    for (const decoder of decoders)
      for (const packet of packets) assert.equal(decoder.decode(packet)?.length, 3_840);
    for (const decoder of decoders) decoder.close();
  });
}

test("a packet's duration is read from its first bytes", () => {
  assert.equal(opusPacketSamples(SILENCE), 960);
  for (const packet of tone(1)) assert.equal(opusPacketSamples(packet), 960);
  assert.equal(opusPacketSamples(Buffer.from([0x18])), 2_880);
  assert.equal(opusPacketSamples(Buffer.from([0x19, 0])), 5_760);
  assert.equal(opusPacketSamples(Buffer.from([0xfb, 6])), 5_760);
  assert.equal(opusPacketSamples(Buffer.from([0xfb, 7])), 0);
  assert.equal(opusPacketSamples(Buffer.from([0xfb])), 0);
  assert.equal(opusPacketSamples(Buffer.alloc(0)), 0);
});

test("only the three bytes Discord sends are its silence frame", () => {
  assert.equal(isSilenceFrame(SILENCE), true);
  assert.equal(isSilenceFrame(Buffer.from([0xf8, 0xff, 0xfe, 0])), false);
  assert.equal(isSilenceFrame(Buffer.from([0xf8, 0xff])), false);
});
