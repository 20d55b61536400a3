/** What people say in a generated call: Opus packets on a grid of 20 ms, with chirps at known places. */
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import type { SeededRandom } from "../capture/seeded-random.ts";
import { SILENCE_FRAME } from "../simulator/voice/rtp-packet.ts";
import { opusCoder } from "../support/opus-coder.ts";
import { chirp, CHIRP_SAMPLES } from "./chirps.ts";

export type Utterances = {
  /** By frame of 20 ms since the beginning; undefined where nothing is sent. */
  readonly packets: readonly (Buffer | undefined)[];
  /** Where chirps begin, in samples of the speaker's clock since the beginning. */
  readonly chirps: readonly number[];
};

/** Everybody who speaks then chirps at these instants: every 1.5 s, further apart than any error. */
const CHIRP_EVERY_FRAMES = 75;
const SILENCE_FRAMES = 5;
/** Noise under the speech, lest Opus make silence frames of it: -40 dB. */
const NOISE_AMPLITUDE = 300;
/** After frames of silence, which no encoder made, Opus needs as long until decoder and encoder agree. */
const WARM_UP_FRAMES = 5;
const BITRATE = 64_000;
/** Earliest and latest place of a chirp in its packet: with Opus' delay of 6.5 ms it is decoded from that packet alone. */
const CHIRP_FROM = 60;
const CHIRP_SPAN = 240;

/** Speaks for 1 to 8 s, pauses for 0.3 to 3 s, and so on; music never pauses. */
export function utterances(
  voice: number,
  seconds: number,
  manner: "speech" | "music",
  random: SeededRandom,
): Utterances {
  using encoder = opusCoder(1);
  encoder.setBitrate(BITRATE);
  const sound = chirp(voice);
  const packets: (Buffer | undefined)[] = [];
  const chirps: number[] = [];
  const frames = Math.round(seconds * 50);
  while (packets.length < frames) {
    const talk = manner === "music" ? frames : 50 + random.below(350);
    for (let frame = 0; frame < talk && packets.length < frames; frame++) {
      const pcm = new Int16Array(FRAME_SAMPLES);
      for (let at = 0; at < FRAME_SAMPLES; at++)
        pcm[at] = Math.round((2 * random.next() - 1) * NOISE_AMPLITUDE);
      if (frame >= WARM_UP_FRAMES && packets.length % CHIRP_EVERY_FRAMES === CHIRP_EVERY_FRAMES - 1) {
        const offset = CHIRP_FROM + random.below(CHIRP_SPAN);
        for (let at = 0; at < CHIRP_SAMPLES; at++) pcm[offset + at] = Math.round(sound[at] ?? 0);
        chirps.push(packets.length * FRAME_SAMPLES + offset);
      }
      packets.push(Buffer.from(encoder.encode(Buffer.from(pcm.buffer))));
    }
    for (let frame = 0; frame < SILENCE_FRAMES; frame++) packets.push(SILENCE_FRAME);
    const pause = 15 + random.below(135);
    for (let frame = 0; frame < pause; frame++) packets.push(undefined);
  }
  return { packets: packets.slice(0, frames), chirps };
}
