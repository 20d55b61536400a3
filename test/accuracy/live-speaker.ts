import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import type { SeededRandom } from "../capture/seeded-random.ts";
import type { Person } from "../simulator/person.ts";
import { SILENCE_FRAME } from "../simulator/voice/rtp-packet.ts";
import type { Seat } from "../simulator/voice/voice-service.ts";
import type { Arrival, SaidChirp } from "./network.ts";
import { utterances } from "./utterances.ts";

type Interruptions = NonNullable<Manifest["interruptions"]>;

/** A packet, and when its 20 ms began by the sender's own clock, which never stumbles. */
type Said = {
  readonly idealMs: number;
  readonly sentAtMs: number;
  readonly timestamp: number;
  readonly sequence: number;
  readonly opus: Buffer;
  /** Where in the packet a chirp begins, in samples. */
  readonly chirpAt: number | undefined;
};

/** A timeline's first anchor is made of so many packets. */
const ANCHOR_PACKETS = 10;

/** Somebody on the simulated Discord who chirps, and remembers when. Times in milliseconds since 1970. */
export class LiveSpeaker {
  readonly person: Person;
  readonly voice: number;
  /** By how much the machine sent late what began a speech, at most. */
  lateMs = 0;
  readonly #packets: readonly Buffer[];
  /** Where chirps begin, by packet. */
  readonly #chirpAt: ReadonlyMap<number, number>;
  readonly #said: Said[] = [];

  /** Encodes what will be said at once: later it would hold up the simulator, and with it everybody's packets. */
  constructor(person: Person, voice: number, seconds: number, random: SeededRandom) {
    this.person = person;
    this.voice = voice;
    const { packets, chirps } = utterances(voice, seconds, "music", random);
    this.#packets = packets.filter((packet) => packet !== undefined);
    this.#chirpAt = new Map(chirps.map((at) => [Math.floor(at / FRAME_SAMPLES), at % FRAME_SAMPLES]));
  }

  /** Speaks without a pause; resolves when it is said. */
  async speak(): Promise<void> {
    const { seat } = this.person;
    if (seat === undefined) throw new Error(`${this.person.name} is in no voice channel.`);
    const from = seat.sent.length;
    await this.person.say({ packets: this.#packets });
    this.#remember(seat.sent.slice(from));
  }

  /** The packets as they came, one instant after they were sent: what fell into an interruption did not. */
  arrivals(zeroMs: number, interruptions: Interruptions): Arrival[] {
    return this.#said
      .filter(({ sentAtMs }) => !fellInto(interruptions, samplesOf(sentAtMs - zeroMs)))
      .map(({ sentAtMs, timestamp, sequence, opus }) => ({
        speaker: this.voice,
        arrival: samplesOf(sentAtMs - zeroMs),
        sequence,
        timestamp,
        opus,
      }));
  }

  said(zeroMs: number, interruptions: Interruptions): SaidChirp[] {
    return this.#said.flatMap(({ idealMs, sentAtMs, chirpAt }) => {
      if (chirpAt === undefined) return [];
      const position = samplesOf(idealMs - zeroMs) + chirpAt;
      const lost = fellInto(interruptions, samplesOf(sentAtMs - zeroMs));
      return [{ position, instant: Math.round(idealMs / 20), lost }];
    });
  }

  #remember(sent: Seat["sent"]): void {
    const [first] = sent;
    if (first === undefined) return;
    const sinceFirstMs = (timestamp: number): number => ((timestamp - first.timestamp) | 0) / 48;
    // Nothing is sent early: the packet that was least late tells when the clock began.
    const originMs = Math.min(...sent.map(({ sentAtMs, timestamp }) => sentAtMs - sinceFirstMs(timestamp)));
    const said = sent.map(({ sentAtMs, timestamp, sequence }, index) => ({
      idealMs: originMs + sinceFirstMs(timestamp),
      sentAtMs,
      timestamp,
      sequence,
      opus: this.#packets[index] ?? SILENCE_FRAME,
      chirpAt: this.#chirpAt.get(index),
    }));
    const late = said.slice(0, ANCHOR_PACKETS).map(({ sentAtMs, idealMs }) => sentAtMs - idealMs);
    this.lateMs = Math.max(this.lateMs, Math.min(...late));
    this.#said.push(...said);
  }
}

function samplesOf(milliseconds: number): number {
  return (milliseconds * SAMPLE_RATE) / 1000;
}

function fellInto(interruptions: Interruptions, position: number): boolean {
  return interruptions.some(
    ({ fromSamples, toSamples = Infinity }) => position > fromSamples && position < toSamples,
  );
}
