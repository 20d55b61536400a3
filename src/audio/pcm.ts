/**
 * The one PCM format of the project: signed 16-bit little-endian at 48 kHz, the rate Discord's Opus runs at.
 * A *frame* is one interleaved block of samples; a *sample* counts once for all channels (WAV's sample frame).
 */

/** Samples per second and channel. */
export const SAMPLE_RATE = 48_000;

/** Samples per channel in the usual 20 ms frame. */
export const FRAME_SAMPLES = 960;

/** Samples per channel in the longest Opus packet, 120 ms (RFC 6716 §3.2.5). */
export const MAX_PACKET_SAMPLES = 5_760;

/** Bytes of one sample of one channel. */
export const BYTES_PER_SAMPLE = 2;

/** Channels of a track: mono unless the recording asked for stereo. */
export type Channels = 1 | 2;

/** Seconds of audio that a sample count stands for. */
export function secondsOf(samples: number): number {
  return samples / SAMPLE_RATE;
}

/** Nearest sample count of a duration in milliseconds. */
export function samplesOfMs(milliseconds: number): number {
  return Math.round((milliseconds * SAMPLE_RATE) / 1000);
}
