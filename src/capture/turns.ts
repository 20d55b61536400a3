/** Which segment of a track speaks where, so that none is written over another. Positions in samples, ends exclusive. */
import { FrameJoiner } from "../audio/frame-joiner.ts";
import { fadeInEdge, fadeOutEdge } from "../audio/fade.ts";
import { BYTES_PER_SAMPLE } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";
import type { Room } from "../audio/placed-packets.ts";
import { CROSSFADE_SAMPLES } from "../audio/timeline.ts";
import type { Taken } from "../audio/timeline.ts";
import { SaidSpans } from "./said-spans.ts";
import type { Speaker } from "./said-spans.ts";

/**
 * Lives on the capture thread, one per track. A person whose SSRC changes goes on in a new segment with a clock of its
 * own, which may begin by milliseconds before the last one's end: a talkspurt that begins inside another segment's goes
 * behind it and is joined to it, like a talkspurt inside a segment. Apart from that speech has the place to itself that
 * it was written to first; what comes late is heard where nobody else was. Silence frames make way for speech.
 */
export class Turns {
  readonly #channels: Channels;
  readonly #joiner: FrameJoiner;
  readonly #said = new SaidSpans();

  constructor(channels: Channels) {
    this.#channels = channels;
    this.#joiner = new FrameJoiner(channels);
  }

  /** What others than this segment have said, now and later. */
  takenFrom(speaker: Speaker): Taken {
    return this.#said.ofOthers(speaker);
  }

  /** Fits a frame placed in order to its room, and joins it to what it follows. */
  join(speaker: Speaker, pcm: Buffer, room: Room, silent: boolean): Buffer {
    const { position, span } = room;
    const last = this.#said.last;
    if (last !== undefined && last.speaker !== speaker) {
      if (silent || position < last.end - CROSSFADE_SAMPLES) return this.fit(pcm, room);
      last.end = Math.min(last.end, position);
    }
    return this.#joiner.join(pcm, position, span);
  }

  /** Fits a frame that came late to its room. */
  fit(pcm: Buffer, { span }: Room): Buffer {
    return this.#joiner.fit(pcm, span);
  }

  /** What of a fitted frame's room is this segment's, the room itself where all of it is; undefined: nothing. */
  shareOf(speaker: Speaker, room: Room, inOrder: boolean): Room | undefined {
    // Live speech that begins inside another's is that other's until it pauses: no slivers of two in turn.
    const mayBeginInside = inOrder ? CROSSFADE_SAMPLES : Infinity;
    return this.#said.shareOf(speaker, room, mayBeginInside);
  }

  /** This segment's speech was written here. */
  say(speaker: Speaker, { start, end }: Room): void {
    this.#said.add(speaker, start, end);
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
}
