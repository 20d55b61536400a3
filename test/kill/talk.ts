/** What people say around a kill, and how much of it is on their tracks. */
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import type { Speech } from "../simulator/people/speech.ts";
import type { Person } from "../simulator/person.ts";
import { onsetNear, toneAmplitude } from "../support/tones.ts";

const FRAMES_PER_SECOND = 50;
const FRAME_SAMPLES = SAMPLE_RATE / FRAMES_PER_SECOND;
const FRAME_MS = 1000 / FRAMES_PER_SECOND;
/** Behind each speech; they hold no tone. */
const SILENCE_FRAMES = 5;
/** An eighth of what the tones have; a frame of which half is missing has a quarter. */
const AUDIBLE = 0.06;
/** The codec fades in, and it takes a moment from sending to hearing. */
const FADE_IN_MS = 60;
const LONGEST_SECONDS = 30;

/** A tone each, in whole periods per frame. */
const tones = [450, 650].map((hz) => ({ hz, speech: toneSpeech(hz, LONGEST_SECONDS) }));

/** One of the two who talk, with the tone that is theirs. */
export class Talker {
  readonly person: Person;
  readonly hz: number;
  readonly #speech: Speech;

  constructor(person: Person, index: 0 | 1) {
    const tone = tones[index];
    if (tone === undefined) throw new Error("two people talk");
    this.person = person;
    this.hz = tone.hz;
    this.#speech = tone.speech;
  }

  /** Says one unbroken tone; resolves when it is said, or the person has left. */
  async say(seconds: number): Promise<Utterance> {
    const { person } = this;
    const before = person.sent.length;
    const frames = Math.round(seconds * FRAMES_PER_SECOND);
    await person.say({ packets: this.#speech.packets.slice(0, frames) });
    const sent = person.sent.slice(before).map(({ sentAtMs }) => sentAtMs);
    const whole = sent.length >= frames + SILENCE_FRAMES;
    return { hz: this.hz, sentAtMs: whole ? sent.slice(0, -SILENCE_FRAMES) : sent };
  }
}

/** The frames of one unbroken tone, by the times of their sending. */
export type Utterance = { readonly hz: number; readonly sentAtMs: readonly number[] };

export type Span = { readonly fromMs: number; readonly toMs: number };

/** What was said within the span and is not on the track, at the end or in between; undefined where nothing was said. */
export function lostOf(
  track: Float64Array,
  startedAtMs: number,
  { hz, sentAtMs }: Utterance,
  { fromMs, toMs }: Span,
): readonly Span[] | undefined {
  const first = sentAtMs[0] ?? Infinity;
  const begin = Math.max(first + FADE_IN_MS, startedAtMs, fromMs);
  const end = Math.min((sentAtMs.at(-1) ?? 0) + FRAME_MS, toMs);
  if (end <= begin) return undefined;
  const lost: Span[] = [];
  for (let atMs = begin; atMs + FRAME_MS <= end; atMs += FRAME_MS) {
    const at = Math.round(((atMs - startedAtMs) * SAMPLE_RATE) / 1000);
    if (toneAmplitude(track.subarray(at, at + FRAME_SAMPLES), hz) >= AUDIBLE) continue;
    const last = lost.at(-1);
    const from = last?.toMs === atMs ? (lost.pop()?.fromMs ?? atMs) : atMs;
    lost.push({ fromMs: from, toMs: atMs + FRAME_MS });
  }
  return lost;
}

/** How long after its sending an utterance begins on the track, in milliseconds; undefined where it is not heard. */
export function onsetDelayMs(
  track: Float64Array,
  startedAtMs: number,
  { sentAtMs }: Utterance,
): number | undefined {
  const [first] = sentAtMs;
  if (first === undefined) return undefined;
  const place = ((first - startedAtMs) * SAMPLE_RATE) / 1000;
  const onset = onsetNear(track, place, SAMPLE_RATE / 2);
  return onset === undefined ? undefined : ((onset - place) * 1000) / SAMPLE_RATE;
}
