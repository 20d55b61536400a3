import type { Room } from "../audio/placed-packets.ts";
import type { Taken } from "../audio/timeline.ts";

/** Stands for a segment: what is remembered of a closed one must not keep its decoder. */
export type Speaker = symbol;

type Said = { readonly speaker: Speaker; readonly start: number; end: number };

/** Talkspurts remembered: of the last minutes. */
const KEPT = 64;
/** A shorter pause inside somebody's speech is part of it: 200 ms. */
const PAUSE_SAMPLES = 9_600;
/** A talkspurt that would have to be moved by more stays: two are speaking at once, or it waited for its key. 1 s. */
const MAX_MOVED_SAMPLES = 48_000;

/** Lives on the capture thread, one per track. Where its segments were heard lately; no two of them at one place. */
export class SaidSpans {
  /** By their beginnings. */
  readonly #spans: Said[] = [];
  /** Whether there has been more than one segment. */
  #several = false;

  /** What was said the furthest on. */
  get last(): Said | undefined {
    return this.#spans.at(-1);
  }

  ofOthers(speaker: Speaker): Taken {
    return {
      endAt: (position) => {
        const said = this.#other(speaker, position, position + 1);
        return said === undefined || said.end - position > MAX_MOVED_SAMPLES ? -Infinity : said.end;
      },
      isFree: (start, end) => this.#other(speaker, start, end) === undefined,
    };
  }

  /** What of a room no other segment has; a room that begins further inside another's is given up. */
  shareOf(speaker: Speaker, room: Room, mayBeginInsideSamples: number): Room | undefined {
    if (!this.#several && this.last?.speaker === speaker) return room;
    let { start, end } = room;
    for (const said of this.#spans) {
      if (said.speaker === speaker || said.end <= start || said.start >= end) continue;
      if (said.start > start) end = said.start;
      else if (said.end - start > mayBeginInsideSamples) return undefined;
      else start = said.end;
    }
    if (start === room.start && end === room.end) return room;
    return start < end ? { ...room, start, end } : undefined;
  }

  /** Remembers a share in which a segment was heard. */
  add(speaker: Speaker, start: number, end: number): void {
    let at = this.#spans.length;
    while (at > 0 && (this.#spans[at - 1]?.start ?? 0) > start) at--;
    const before = this.#spans[at - 1];
    if (before?.speaker === speaker && start - before.end <= PAUSE_SAMPLES) {
      before.end = Math.max(before.end, end);
      return;
    }
    this.#several ||= this.#spans.length > 0 && this.#spans[0]?.speaker !== speaker;
    this.#spans.splice(at, 0, { speaker, start, end });
    if (this.#spans.length > KEPT) this.#spans.shift();
  }

  #other(speaker: Speaker, start: number, end: number): Said | undefined {
    return this.#spans.find((said) => said.speaker !== speaker && said.start < end && said.end > start);
  }
}
