/** A day of people who talk a little every minute, packet by packet: nothing of it is kept. */
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { VOICES } from "../accuracy/chirps.ts";
import { Carrier, carryFrom } from "../accuracy/network.ts";
import type { SentPacket, SaidChirp, Weather } from "../accuracy/network.ts";
import { utterances } from "../accuracy/utterances.ts";
import { SeededRandom } from "../capture/seeded-random.ts";
import { loadSpeech } from "../simulator/people/speech.ts";
import { SILENCE_FRAME } from "../simulator/voice/rtp-packet.ts";

export const PEOPLE = 10;
/** One after another: people's crystals. */
const CLOCKS_PPM = [50, -50, 0, 25, -25, 50, -50, 10, -10, 40];
/** The later half of them join anew, every two hours on average; the others send for a day under one SSRC. */
const REJOINERS_FROM = 5;
const REJOIN_PER_MINUTE = 1 / 120;
const WEATHER: Weather = { jitterMs: 3, loss: 0.01, reorder: 0.005, duplicate: 0.002, late: 0.001 };

const CLIPS = ["anna", "ben", "chloe", "dan"] as const;
const FRAMES_PER_MINUTE = (60 * SAMPLE_RATE) / FRAME_SAMPLES;
/** Of speech per minute: 3 s on average, 5 % of the time. */
const TALK_FRAMES = 100;
const MORE_TALK_FRAMES = 100;
const SILENCE_FRAMES = 5;
/** Kept free at a minute's end, so that nothing late comes after the next minute's first packet. */
const REST_FRAMES = 50;
/** In the first minute, and in the last one of every six hours, everybody chirps for 20 s at known places. */
const CHIRPING_EVERY_MINUTES = 360;
const CHIRPING_SECONDS = 20;
const CHIRPING_FROM_FRAME = 500;

/** What one person did. */
export type Deeds = {
  /** Packets that came, those that came twice included. */
  arrivals: number;
  rejoins: number;
  /** Of 16 bits, and of 32. */
  sequenceWraps: number;
  timestampWraps: number;
  readonly chirps: SaidChirp[];
};

export type TalkingDay = {
  readonly arrivals: Iterable<SentPacket>;
  /** By person; complete once the arrivals are at their end. */
  readonly deeds: readonly Deeds[];
};

/** @param minutes how long the day is */
export async function talkingDay(minutes: number, seed: number): Promise<TalkingDay> {
  const clips = await Promise.all(CLIPS.map((name) => loadSpeech(name)));
  const deeds = Array.from({ length: PEOPLE }, () => ({
    arrivals: 0,
    rejoins: 0,
    sequenceWraps: 0,
    timestampWraps: 0,
    chirps: [],
  }));
  const days = deeds.map((own, person) =>
    counted(dayOf(person, minutes, clips[person % clips.length]?.packets ?? [], own, seed + person), own),
  );
  return { arrivals: inOrder(days), deeds };
}

export function isChirping(minute: number): boolean {
  return minute === 0 || (minute + 1) % CHIRPING_EVERY_MINUTES === 0;
}

function* dayOf(
  person: number,
  minutes: number,
  clip: readonly Buffer[],
  deeds: Deeds,
  seed: number,
): Generator<SentPacket> {
  const random = new SeededRandom(seed);
  const carrier = new Carrier(person, CLOCKS_PPM[person] ?? 0, WEATHER, random);
  const chirping = utterances(person % VOICES, CHIRPING_SECONDS, "speech", random);
  for (let minute = 0; minute < minutes; minute++) {
    const first = minute * FRAMES_PER_MINUTE;
    if (isChirping(minute)) {
      const { arrivals, chirps } = carryFrom(first + CHIRPING_FROM_FRAME, chirping, carrier);
      deeds.chirps.push(...chirps);
      yield* arrivals;
      continue;
    }
    if (person >= REJOINERS_FROM && random.next() < REJOIN_PER_MINUTE) {
      carrier.renew();
      deeds.rejoins++;
    }
    const frames = TALK_FRAMES + random.below(MORE_TALK_FRAMES);
    const from = random.below(clip.length - frames);
    const packets = [
      ...clip.slice(from, from + frames),
      ...Array<Buffer>(SILENCE_FRAMES).fill(SILENCE_FRAME),
    ];
    const start = random.below(FRAMES_PER_MINUTE - packets.length - REST_FRAMES);
    yield* carryFrom(first + start, { packets, chirps: [] }, carrier).arrivals;
  }
}

function* counted(arrivals: Iterable<SentPacket>, deeds: Deeds): Generator<SentPacket> {
  let last: SentPacket | undefined;
  for (const arrival of arrivals) {
    deeds.arrivals++;
    if (last?.ssrc === arrival.ssrc) {
      if (last.sequence - arrival.sequence > 0x8000) deeds.sequenceWraps++;
      if (last.timestamp - arrival.timestamp > 0x8000_0000) deeds.timestampWraps++;
    }
    last = arrival;
    yield arrival;
  }
}

/** Several people's packets as they come to one socket. */
function* inOrder(people: readonly Iterator<SentPacket>[]): Generator<SentPacket> {
  const waiting = people.map((one) => one.next());
  for (;;) {
    let next: SentPacket | undefined;
    let whose = -1;
    for (const [person, { done, value }] of waiting.entries()) {
      if (done === true || (next !== undefined && value.arrival >= next.arrival)) continue;
      next = value;
      whose = person;
    }
    const source = people[whose];
    if (next === undefined || source === undefined) return;
    waiting[whose] = source.next();
    yield next;
  }
}
