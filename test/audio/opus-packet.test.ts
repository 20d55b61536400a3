import assert from "node:assert/strict";
import { test } from "node:test";
import { Bandwidth } from "libopus-wasm";
import { opusFecSamples } from "../../src/audio/opus-packet.ts";
import { encode, talk } from "../support/lossy-call.ts";

test("FEC is found in the packets that have it, of every form and no other", async () => {
  const speech = await talk(1);
  const stereo = (await talk(2)).subarray(0, 192_000);
  for (const frameSize of [480, 960, 1_920, 2_880]) {
    for (const [pcm, channels] of [
      [speech.subarray(0, 96_000), 1],
      [stereo, 2],
    ] as const) {
      const options = {
        channels,
        frameSize,
        bitrate: 64_000,
        maxBandwidth: Bandwidth.Wideband,
      } as const;
      const packets = await encode(pcm, options);
      const found = packets.filter((packet) => opusFecSamples(packet) > 0);
      const form = `${frameSize} samples, ${channels} channels`;
      assert.ok(found.length > packets.length / 2, form);
      assert.ok(
        found.every((packet) => opusFecSamples(packet) === frameSize || (packet[0] ?? 0) % 4 !== 0),
        form,
      );
      const plain = await encode(pcm, { ...options, fec: false });
      assert.ok(
        plain.every((packet) => opusFecSamples(packet) === 0),
        form,
      );
    }
  }
  const celt = await encode(speech, { channels: 1, frameSize: 960, application: 2051 });
  assert.ok(celt.every((packet) => opusFecSamples(packet) === 0));
});

test("a sender's pause (DTX), packets of several frames and truncated ones are told from FEC", () => {
  // A hybrid frame of 20 ms, mono, then stereo: voice activity, then the flag, then the same for the side channel.
  assert.equal(opusFecSamples(Buffer.from([0x78, 0x40, 0])), 960);
  assert.equal(opusFecSamples(Buffer.from([0x78, 0x80, 0])), 0);
  assert.equal(opusFecSamples(Buffer.from([0x78, 0x10, 0])), 0, "a mono packet has no side channel");
  assert.equal(opusFecSamples(Buffer.from([0x7c, 0x10, 0])), 960);
  // SILK of 60 ms: three flags of voice activity come first.
  assert.equal(opusFecSamples(Buffer.from([0x18, 0xe0, 0])), 0);
  assert.equal(opusFecSamples(Buffer.from([0x18, 0x10, 0])), 2_880);
  // Two frames, of one length and of two; what comes back is the last frame of the lost packet.
  assert.equal(opusFecSamples(Buffer.from([0x79, 0x40, 0, 0, 0])), 960);
  assert.equal(opusFecSamples(Buffer.from([0x7a, 2, 0x40, 0, 0])), 960);
  assert.equal(opusFecSamples(Buffer.from([0x7a, 252, 0, 0x40, 0, 0])), 960);
  for (const packet of [[], [0x78], [0x78, 0x40], [0x7a, 252, 0], [0x7b, 1, 0x40, 0], [0xf8, 0x40, 0]])
    assert.equal(opusFecSamples(Buffer.from(packet)), 0, packet.join(" "));
});
