/** Straight fades of interleaved PCM, in place. Pure. */
import { BYTES_PER_SAMPLE } from "./pcm.ts";
import type { Channels } from "./pcm.ts";

/** A fade beside silence or other speech: 2.5 ms, no click, and no word lost. */
const EDGE_SAMPLES = 120;

/** Lets the first 2.5 ms come up from zero. */
export function fadeInEdge(pcm: Buffer, channels: Channels): void {
  const edge = pcm.subarray(0, EDGE_SAMPLES * channels * BYTES_PER_SAMPLE);
  scale(edge, channels, 0, (channels * BYTES_PER_SAMPLE) / edge.length);
}

/** Lets the last 2.5 ms go down to zero. */
export function fadeOutEdge(pcm: Buffer, channels: Channels): void {
  const edge = pcm.subarray(-EDGE_SAMPLES * channels * BYTES_PER_SAMPLE);
  const samples = edge.length / (channels * BYTES_PER_SAMPLE);
  fadeOut(edge, channels, samples, samples);
}

/** Scales by a line that is 1 at the beginning of `totalSamples`, and reaches zero `leftSamples` after the first sample. */
export function fadeOut(pcm: Buffer, channels: Channels, leftSamples: number, totalSamples: number): void {
  scale(pcm, channels, (leftSamples - 1) / totalSamples, -1 / totalSamples);
}

function scale(pcm: Buffer, channels: Channels, firstGain: number, gainPerSample: number): void {
  const sampleBytes = channels * BYTES_PER_SAMPLE;
  for (let at = 0; at < pcm.length; at += BYTES_PER_SAMPLE) {
    const gain = firstGain + gainPerSample * Math.floor(at / sampleBytes);
    pcm.writeInt16LE(Math.round(pcm.readInt16LE(at) * gain), at);
  }
}
