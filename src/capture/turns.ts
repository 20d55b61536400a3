/** Which segment of a track speaks, so that none is written over another. Positions in samples, ends exclusive. */
import { FrameJoiner } from "../audio/frame-joiner.ts";
import { fadeInEdge, fadeOutEdge } from "../audio/fade.ts";
import { BYTES_PER_SAMPLE } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";
import type { Room } from "../audio/placed-packets.ts";
import { CROSSFADE_SAMPLES, NOTHING_TAKEN } from "../audio/timeline.ts";
import type { Taken } from "../audio/timeline.ts";

/** Where a segment may be heard: from the end of what was said before its turn to the beginning of the turn after it. */
export type Turn = { after: number; before: number };

/**
 * Lives on the capture thread, one per track. A person whose SSRC changes goes on in a new segment with a clock of its
 * own, which may begin by milliseconds before the last one's end: its first talkspurt goes behind that end and is joined
 * to it, like a talkspurt inside a segment. What comes late of the earlier segment ends where the later one begins.
 */
export class Turns {
  readonly #channels: Channels;
  readonly #joiner: FrameJoiner;
  #current: Turn | undefined;
  /** What has been said in the turn that goes on. */
  readonly #taken = { ...NOTHING_TAKEN };
  /** What was said before that. */
  readonly #before = { ...NOTHING_TAKEN };

  constructor(channels: Channels) {
    this.#channels = channels;
    this.#joiner = new FrameJoiner(channels);
  }

  /** A turn that has not come yet. */
  static upcoming(): Turn {
    return { after: -Infinity, before: Infinity };
  }

  /** What a talkspurt of this segment must not begin in. */
  takenBefore(turn: Turn): Taken {
    return turn === this.#current ? this.#before : this.#taken;
  }

  /** Fits a frame placed in order to its room, and joins it to what it follows. */
  join(turn: Turn, pcm: Buffer, room: Room, silent: boolean): Buffer {
    const { position, span } = room;
    if (!this.#take(turn, position, position + span, silent)) return this.fit(pcm, room);
    return this.#joiner.join(pcm, position, span);
  }

  /** Fits a frame that came late to its room. */
  fit(pcm: Buffer, { span }: Room): Buffer {
    return this.#joiner.fit(pcm, span);
  }

  /** Whether all of a span is this segment's. */
  has(turn: Turn, start: number, end: number): boolean {
    return start >= turn.after && end <= this.#limitOf(turn);
  }

  /** What of a fitted frame's room is this segment's, the room itself where all of it is; undefined: nothing. */
  shareOf(turn: Turn, room: Room): Room | undefined {
    const start = Math.max(room.start, turn.after);
    const end = Math.min(room.end, this.#limitOf(turn));
    if (start === room.start && end === room.end) return room;
    return start < end ? { ...room, start, end } : undefined;
  }

  /** The part of a fitted frame that is to be heard; it fades where others go on. */
  cut(pcm: Buffer, room: Room, share: Room): Buffer {
    const sampleBytes = this.#channels * BYTES_PER_SAMPLE;
    const from = (share.start - room.position) * sampleBytes;
    const to = (share.end - room.position) * sampleBytes;
    if (from === 0 && to === pcm.length) return pcm;
    const heard = pcm.subarray(from, to);
    if (share.start > room.start) fadeInEdge(heard, this.#channels);
    if (share.end < room.end) fadeOutEdge(heard, this.#channels);
    return heard;
  }

  /** Whether it is the segment's turn, which speech behind all others' begins. */
  #take(turn: Turn, start: number, end: number, silent: boolean): boolean {
    const taken = this.#taken;
    if (turn !== this.#current) {
      if (this.#current !== undefined) {
        if (silent || start < taken.end - CROSSFADE_SAMPLES) return false;
        this.#current.before = start;
      }
      this.#current = turn;
      turn.after = Math.min(start, taken.end);
      this.#before.start = -Infinity;
      this.#before.end = taken.end;
      turn.before = Infinity;
      taken.start = start;
    }
    // Silence that a server makes up long after somebody spoke makes way for speech.
    if (!silent || start <= taken.end) taken.end = Math.max(taken.end, end);
    return true;
  }

  /** Where this segment's share of the track ends for now. */
  #limitOf(turn: Turn): number {
    return turn === this.#current ? Infinity : Math.min(turn.before, this.#taken.start);
  }
}
