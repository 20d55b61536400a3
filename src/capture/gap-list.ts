import { SAMPLE_RATE } from "../audio/pcm.ts";
import { GAP_REASONS } from "../recordings/gap.ts";
import type { Gap, GapReason } from "../recordings/gap.ts";

/** Spans that a list holds at most; then the nearest two of one reason become one. */
const MAX_GAPS = 100;
/** Gaps of one reason no further apart than this are one: a bad second is told as one, not as twenty. */
const NEAR_SAMPLES = SAMPLE_RATE;

/** Words of one span: reason, from, to, missing. */
const SPAN = 4;
const FROM = 1;
const TO = 2;
const MISSING = 3;

/** Words of a list's memory: the number of spans, then the spans. */
export const GAP_LIST_LENGTH = 1 + MAX_GAPS * SPAN;

/**
 * Written on the capture thread alone. Where a track has gaps, and why, in memory of fixed size that may outlive the thread.
 * Costs nothing while there is no gap; one more that follows the last costs a few stores and no allocation.
 */
export class GapList {
  /** Changes with every change of the list. */
  version = 0;
  readonly #words: Float64Array;

  /** @param words zeroed memory, or what an earlier thread left in it. */
  constructor(words: Float64Array = new Float64Array(GAP_LIST_LENGTH)) {
    this.#words = words;
  }

  /** Adds `[from, to)`, of which `missing` samples are missing. What lies before position 0 is none of the recording's. */
  add(reason: GapReason, from: number, to: number, missing = to - from): void {
    const start = Math.max(0, Math.round(from));
    const end = Math.round(to);
    const lost = Math.min(Math.round(missing), end - start);
    if (lost <= 0) return;
    this.version++;
    const code = GAP_REASONS.indexOf(reason);
    const near = this.#near(code, start, end);
    if (near >= 0) {
      this.#extend(near, start, end, lost);
      return;
    }
    if (this.#count === MAX_GAPS) this.#joinNearest();
    const words = this.#words;
    const at = 1 + this.#count * SPAN;
    words[at] = code;
    words[at + FROM] = start;
    words[at + TO] = end;
    words[at + MISSING] = lost;
    words[0] = this.#count + 1;
  }

  /** So many samples of `[from, to)` have come after all; how many of them were told as missing for this reason. */
  fill(reason: GapReason, from: number, to: number, samples: number): number {
    const words = this.#words;
    const code = GAP_REASONS.indexOf(reason);
    for (let at = this.#last; at > 0; at -= SPAN) {
      if (words[at] !== code || words[at + FROM]! >= to || words[at + TO]! <= from) continue;
      this.version++;
      const found = Math.min(samples, words[at + MISSING]!);
      words[at + MISSING]! -= found;
      if (words[at + MISSING] === 0) this.#remove(at);
      return found;
    }
    return 0;
  }

  /** The recording ends here: what would have come behind is not missing. */
  cut(lengthSamples: number): void {
    const words = this.#words;
    for (let at = this.#last; at > 0; at -= SPAN) {
      if (words[at + TO]! <= lengthSamples) continue;
      this.version++;
      words[at + TO] = lengthSamples;
      words[at + MISSING] = Math.min(words[at + MISSING]!, lengthSamples - words[at + FROM]!);
      if (words[at + MISSING]! <= 0) this.#remove(at);
    }
  }

  /** A copy, in the order of the positions. */
  list(): Gap[] {
    const words = this.#words;
    const gaps: Gap[] = [];
    for (let at = 1; at <= this.#last; at += SPAN) {
      const reason = GAP_REASONS[words[at]!];
      if (reason === undefined) continue;
      gaps.push({
        reason,
        fromSamples: words[at + FROM]!,
        toSamples: words[at + TO]!,
        missingSamples: words[at + MISSING]!,
      });
    }
    return gaps.sort((a, b) => a.fromSamples - b.fromSamples);
  }

  get #count(): number {
    return this.#words[0]!;
  }

  /** Where the newest span lies; negative without any. */
  get #last(): number {
    return 1 + (this.#count - 1) * SPAN;
  }

  /** The newest span of the reason near to this one; -1 without any. */
  #near(code: number, start: number, end: number): number {
    const words = this.#words;
    for (let at = this.#last; at > 0; at -= SPAN) {
      if (words[at] !== code) continue;
      if (start - words[at + TO]! <= NEAR_SAMPLES && words[at + FROM]! - end <= NEAR_SAMPLES) return at;
    }
    return -1;
  }

  #extend(at: number, start: number, end: number, missing: number): void {
    const words = this.#words;
    words[at + FROM] = Math.min(words[at + FROM]!, start);
    words[at + TO] = Math.max(words[at + TO]!, end);
    words[at + MISSING] = Math.min(words[at + MISSING]! + missing, words[at + TO]! - words[at + FROM]!);
  }

  /** Makes the two of one reason that are nearest to one another one span. */
  #joinNearest(): void {
    const words = this.#words;
    let [first, second, distance] = [0, 0, Infinity];
    for (let at = 1; at < this.#last; at += SPAN) {
      for (let next = at + SPAN; next <= this.#last; next += SPAN) {
        if (words[next] !== words[at]) continue;
        const apart = Math.max(words[next + FROM]! - words[at + TO]!, words[at + FROM]! - words[next + TO]!);
        if (apart < distance) [first, second, distance] = [at, next, apart];
        // Gaps come nearly in order: those further on are no nearer.
        break;
      }
    }
    this.#extend(first, words[second + FROM]!, words[second + TO]!, words[second + MISSING]!);
    this.#remove(second);
  }

  #remove(at: number): void {
    this.#words.copyWithin(at, at + SPAN, this.#last + SPAN);
    this.#words[0] = this.#count - 1;
  }
}
