import prism from "prism-media";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";

/** Opus packets of a 440 Hz tone, `frames` times 20 ms of it. */
export function encodeTone(frames: number, frameSize = FRAME_SAMPLES, channels: 1 | 2 = 1): Buffer[] {
  const encoder = new prism.opus.Encoder({ rate: 48_000, channels, frameSize });
  const pcm = Buffer.alloc(FRAME_SAMPLES * 2 * channels * frames);
  for (let sample = 0; sample < FRAME_SAMPLES * frames; sample++) {
    const value = Math.round(8_000 * Math.sin((2 * Math.PI * 440 * sample) / 48_000));
    for (let channel = 0; channel < channels; channel++)
      pcm.writeInt16LE(value, (sample * channels + channel) * 2);
  }
  const packets: Buffer[] = [];
  encoder.on("data", (packet: Buffer) => void packets.push(packet));
  encoder.write(pcm);
  encoder.destroy();
  return packets;
}
