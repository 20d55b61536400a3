import assert from "node:assert/strict";
import { test } from "node:test";
import { rms, toneAmplitude } from "../../support/tones.ts";
import { decode } from "../voice/listening-bot.ts";
import { loadSpeech, oggPackets, toneSpeech } from "./speech.ts";

const FRAME_SAMPLES = 960;

for (const name of ["anna", "ben", "chloe", "dan"]) {
  test(`the clip "${name}" is audible speech in packets of 20 ms`, async () => {
    const { packets } = await loadSpeech(name);
    const samples = decode(packets);
    assert.ok(packets.length > 100, "more than two seconds");
    assert.equal(samples.length, packets.length * FRAME_SAMPLES);
    assert.ok(rms(samples) > 0.01);
  });
}

test("a tone has its length and its pitch, at half of full scale", () => {
  const { packets } = toneSpeech(440, 1.5);
  assert.equal(packets.length, 75);
  const samples = decode(packets).subarray(4800); // after the encoder's onset
  const amplitude = toneAmplitude(samples, 440);
  assert.ok(Math.abs(amplitude - 0.488) < 0.03, `amplitude ${amplitude}`); // 16,000 of 32,768; Opus keeps levels roughly
});

test("a packet of an Ogg file may cross pages, and a file that is none is refused", () => {
  const page = (sizes: readonly number[], content: Buffer): Buffer => {
    const head = Buffer.alloc(27);
    head.write("OggS", "latin1");
    head.writeUInt8(sizes.length, 26);
    return Buffer.concat([head, Buffer.from(sizes), content]);
  };
  const packet = Buffer.alloc(300, 1);
  const file = Buffer.concat([
    page([3, 255], Buffer.concat([Buffer.alloc(3, 9), packet.subarray(0, 255)])),
    page([45, 0], packet.subarray(255)),
  ]);
  assert.deepEqual(oggPackets(file), [Buffer.alloc(3, 9), packet, Buffer.alloc(0)]);
  assert.throws(() => oggPackets(Buffer.from("not an Ogg file")), /No Ogg page at byte 0/);
});
