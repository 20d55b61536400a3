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

/** The same, and which of the speaker's connections it came from: each has a number of its own. */
export type SentPacket = Arrival & { readonly ssrc: number };

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
/** Between the SSRCs that a speaker has one after another. */
const SSRC_STEP = 1_000;

/** One speaker's clock and way through the weather. */
export class Carrier {
  readonly #speaker: number;
  readonly #pace: number;
  readonly #weather: Weather;
  readonly #random: SeededRandom;
  readonly #start: number;
  #renewals = 0;
  #firstTimestamp = 0;
  #sequence = 0;

  /** @param clockPpm how much faster than the recorder's the speaker's clock runs */
  constructor(speaker: number, clockPpm: number, weather: Weather, random: SeededRandom) {
    this.#speaker = speaker;
    this.#pace = 1 / (1 + clockPpm / 1e6);
    this.#weather = weather;
    this.#random = random;
    // Nobody's frames begin when another one's do.
    this.#start = samplesOfMs(BASE_DELAY_MS) + random.next() * FRAME_SAMPLES;
    this.#draw();
  }

  /** Where a sound belongs that is made after so many samples of the speaker's clock. */
  placeOf(at: number): number {
    return this.#start + at * this.#pace;
  }

  /** Sends a frame of 20 ms, numbered from the beginning: what arrives of it is nothing, one packet or two. */
  send(frame: number, opus: Buffer): SentPacket[] {
    const weather = this.#weather;
    const random = this.#random;
    const sequence = this.#sequence++ & 0xffff;
    if (random.next() < (weather.loss ?? 0)) return [];
    let delayMs = Math.abs(normal(random)) * weather.jitterMs;
    if (random.next() < (weather.reorder ?? 0)) delayMs += REORDER_MS;
    if (random.next() < (weather.late ?? 0)) delayMs += LATE_MS;
    const packet = {
      speaker: this.#speaker,
      ssrc: this.#renewals * SSRC_STEP + this.#speaker + 1,
      arrival: this.placeOf(frame * FRAME_SAMPLES) + (delayMs * SAMPLE_RATE) / 1000,
      sequence,
      timestamp: (this.#firstTimestamp + frame * FRAME_SAMPLES) >>> 0,
      opus,
    };
    if (random.next() >= (weather.duplicate ?? 0)) return [packet];
    return [packet, { ...packet, arrival: packet.arrival + random.next() * samplesOfMs(DUPLICATE_MS) }];
  }

  /** The speaker joins anew: another SSRC, other numbers. */
  renew(): void {
    this.#renewals++;
    this.#draw();
  }

  #draw(): void {
    this.#sequence = this.#random.below(0x1_0000);
    this.#firstTimestamp = this.#random.below(0x1_0000) * 0x1_0000;
  }
}

/**
 * Carries all that one speaker says. Sounds belong where the undelayed packet would bring them: the base delay, the same
 * for all, is part of the recording's clock.
 */
export function carry(
  said: Utterances,
  speaker: number,
  clockPpm: number,
  weather: Weather,
  random: SeededRandom,
): { readonly arrivals: SentPacket[]; readonly chirps: SaidChirp[] } {
  return carryFrom(0, said, new Carrier(speaker, clockPpm, weather, random));
}

/** Carries what a speaker says from a frame on. */
export function carryFrom(
  from: number,
  said: Utterances,
  carrier: Carrier,
): { readonly arrivals: SentPacket[]; readonly chirps: SaidChirp[] } {
  const arrivals: SentPacket[] = [];
  const received = new Set<number>();
  for (const [frame, opus] of said.packets.entries()) {
    if (opus === undefined) continue;
    const arrived = carrier.send(from + frame, opus);
    if (arrived.length > 0) received.add(frame);
    arrivals.push(...arrived);
  }
  const chirps = said.chirps.map((at) => {
    const frame = Math.floor(at / FRAME_SAMPLES);
    return {
      position: carrier.placeOf(from * FRAME_SAMPLES + at),
      instant: from + frame,
      lost: !received.has(frame),
    };
  });
  return { arrivals: arrivals.sort((a, b) => a.arrival - b.arrival), chirps };
}

/** Box and Muller. */
function normal(random: SeededRandom): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
