/** Packets on their way: a sender's clock, and a network that delays, loses, repeats and disorders. Pure. */
import { FRAME_SAMPLES, SAMPLE_RATE, samplesOfMs } from "../../src/audio/pcm.ts";
import type { SeededRandom } from "../capture/seeded-random.ts";
import type { Utterances } from "./utterances.ts";

/** Shares are 0 to 1. */
export type Weather = {
  /** Half-normal, of this standard deviation, on each packet by itself. */
  readonly jitterMs: number;
  readonly loss?: number;
  /** Held back by 50 ms. */
  readonly reorder?: number;
  /** Sent again within 20 ms. */
  readonly duplicate?: number;
  /** Held back by 300 ms, more than the look-ahead. */
  readonly late?: number;
};

/** A packet at the socket. Arrival in samples on the recording's clock. */
export type Arrival = {
  readonly speaker: number;
  readonly arrival: number;
  /** 16 and 32 bits, as they are on the wire. */
  readonly sequence: number;
  readonly timestamp: number;
  readonly opus: Buffer;
};

/** A chirp that a speaker made. */
export type SaidChirp = {
  /** Where it belongs on the recording's clock, in samples. */
  readonly position: number;
  /** Everybody who chirps at the same instant has the same number. */
  readonly instant: number;
  /** No copy of its packet came through. */
  readonly lost: boolean;
};

/** The way everything takes, whatever the weather: what nobody can tell from the sender's clock. */
const BASE_DELAY_MS = 40;
const REORDER_MS = 50;
const DUPLICATE_MS = 20;
const LATE_MS = 300;

/**
 * Carries one speaker's packets. Sounds belong where the undelayed packet would bring them: the base delay, the same for
 * all, is part of the recording's clock.
 * @param clockPpm how much faster than the recorder's the speaker's clock runs
 */
export function carry(
  said: Utterances,
  speaker: number,
  clockPpm: number,
  weather: Weather,
  random: SeededRandom,
): { readonly arrivals: Arrival[]; readonly chirps: SaidChirp[] } {
  const pace = 1 / (1 + clockPpm / 1e6);
  // Nobody's frames begin when another one's do.
  const start = samplesOfMs(BASE_DELAY_MS) + random.next() * FRAME_SAMPLES;
  const firstSequence = random.below(0x1_0000);
  const firstTimestamp = random.below(0x1_0000) * 0x1_0000;
  const arrivals: Arrival[] = [];
  const received = new Set<number>();
  let sent = 0;
  for (const [frame, opus] of said.packets.entries()) {
    if (opus === undefined) continue;
    const sequence = (firstSequence + sent++) & 0xffff;
    const timestamp = (firstTimestamp + frame * FRAME_SAMPLES) >>> 0;
    if (random.next() < (weather.loss ?? 0)) continue;
    received.add(frame);
    let delayMs = Math.abs(normal(random)) * weather.jitterMs;
    if (random.next() < (weather.reorder ?? 0)) delayMs += REORDER_MS;
    if (random.next() < (weather.late ?? 0)) delayMs += LATE_MS;
    const arrival = start + frame * FRAME_SAMPLES * pace + (delayMs * SAMPLE_RATE) / 1000;
    arrivals.push({ speaker, arrival, sequence, timestamp, opus });
    if (random.next() < (weather.duplicate ?? 0)) {
      const again = arrival + random.next() * samplesOfMs(DUPLICATE_MS);
      arrivals.push({ speaker, arrival: again, sequence, timestamp, opus });
    }
  }
  const chirps = said.chirps.map((at) => {
    const frame = Math.floor(at / FRAME_SAMPLES);
    return { position: start + at * pace, instant: frame, lost: !received.has(frame) };
  });
  return { arrivals: arrivals.sort((a, b) => a.arrival - b.arrival), chirps };
}

/** Box and Muller. */
function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
