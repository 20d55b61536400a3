import assert from "node:assert/strict";
import { test } from "node:test";
import prism from "prism-media";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { LateDecoder } from "../../src/capture/late-decoder.ts";

const codec = loadOpusCodec();

/** A voice-like sweep of harmonics. */
function encode(frames: number): Buffer[] {
  const encoder = new prism.opus.Encoder({ rate: 48_000, channels: 1, frameSize: FRAME_SAMPLES });
  const pcm = Buffer.alloc(FRAME_SAMPLES * 2 * frames);
  for (let sample = 0; sample < FRAME_SAMPLES * frames; sample++) {
    const seconds = sample / 48_000;
    let value = 0;
    for (let harmonic = 1; harmonic < 20; harmonic++)
      value += Math.sin(2 * Math.PI * (120 + 10 * Math.sin(9 * seconds)) * harmonic * seconds) / harmonic;
    pcm.writeInt16LE(Math.round(4_000 * value), sample * 2);
  }
  const packets: Buffer[] = [];
  encoder.on("data", (packet: Buffer) => void packets.push(packet));
  encoder.write(pcm);
  encoder.destroy();
  return packets;
}

function signalToErrorDb(ideal: Buffer, heard: Buffer): number {
  let signal = 0;
  let error = 0;
  for (let at = 0; at < ideal.length; at += 2) {
    signal += ideal.readInt16LE(at) ** 2;
    error += (ideal.readInt16LE(at) - heard.readInt16LE(at)) ** 2;
  }
  return 10 * Math.log10(signal / Math.max(error, 1e-9));
}

test("a packet that comes late sounds as if it had come in time, where those before it are known", () => {
  const packets = encode(100);
  const inTime = codec.create(1);
  const ideal = packets.map((packet) => Buffer.from(inTime.decode(packet) ?? assert.fail()));
  const late = new LateDecoder(1, codec);
  const fates = [30, 31, 33, 60, 90];
  for (const [sequence, packet] of packets.entries())
    if (!fates.includes(sequence)) late.remember(sequence, packet);
  for (const sequence of fates) {
    const heard = late.decode(sequence, packets[sequence] ?? assert.fail());
    assert.ok(heard);
    const decibels = signalToErrorDb(ideal[sequence] ?? assert.fail(), heard);
    // By a decoder that has heard nothing before: 6 dB.
    assert.ok(decibels > 20, `${sequence}: ${decibels} dB`);
  }
  late.close();
  inTime.close();
});
