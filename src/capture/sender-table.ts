import type { Channels } from "../audio/pcm.ts";
import type { OpusCodec } from "./opus-decoder.ts";
import { Segment } from "./segment.ts";
import type { SenderNews } from "./sender-map.ts";
import type { Track } from "./track.ts";

export type SenderTableOptions = {
  readonly channels: Channels;
  readonly codec: OpusCodec;
  readonly botUserId: string;
  readonly trackOf: (userId: string) => Track;
  /** Called before a segment ends: the last chance of what waits in it. */
  readonly onClosing: (segment: Segment) => void;
};

/** SSRCs on one connection; more are noise. */
const MAX_SEGMENTS = 1_024;
/** A person's packets still under way when they leave, or change SSRC. */
const LEFT_MS = 2_000;
const REPLACED_MS = 5_000;

/**
 * Lives on the capture thread. Who sends under which SSRC on one voice connection: its segments, and the rules by which
 * they get their person, change hands and end. Is told the time.
 */
export class SenderTable {
  readonly #options: SenderTableOptions;
  readonly #segments = new Map<number, Segment>();

  constructor(options: SenderTableOptions) {
    this.#options = options;
  }

  get segments(): Iterable<Segment> {
    return this.#segments.values();
  }

  get(ssrc: number): Segment | undefined {
    return this.#segments.get(ssrc);
  }

  /** The segment of an SSRC, a new one if need be; undefined when there are too many. */
  open(ssrc: number): Segment | undefined {
    let segment = this.#segments.get(ssrc);
    if (segment !== undefined || this.#segments.size >= MAX_SEGMENTS) return segment;
    segment = new Segment(ssrc, this.#options.channels, this.#options.codec);
    this.#segments.set(ssrc, segment);
    return segment;
  }

  /** Takes what the voice gateway says of senders. Gives the segment that has got its person by this, if one has. */
  learn(news: SenderNews, nowMs: number): Segment | undefined {
    if (news.kind === "left") {
      for (const segment of this.segments)
        if (segment.track?.userId === news.userId) segment.closeAtMs = nowMs + LEFT_MS;
      return undefined;
    }
    if (news.userId === this.#options.botUserId) return undefined;
    const known = this.#segments.get(news.ssrc);
    // The server gave the number to somebody else: what was theirs stays theirs.
    if (known?.track !== undefined && known.track.userId !== news.userId) this.close(known);
    const segment = this.open(news.ssrc);
    if (segment === undefined) return undefined;
    segment.closeAtMs = Infinity;
    if (segment.track !== undefined) return undefined;
    this.claim(segment, news.userId, nowMs);
    return segment;
  }

  /** Lays a segment to a person; the one they had before has what is under way, and ends. */
  claim(segment: Segment, userId: string, nowMs: number): void {
    segment.claim(this.#options.trackOf(userId));
    for (const other of this.segments)
      if (other !== segment && other.track === segment.track)
        other.closeAtMs = Math.min(other.closeAtMs, nowMs + REPLACED_MS);
  }

  /** Ends the segments whose time is over. */
  closeDue(nowMs: number): void {
    for (const segment of this.segments) if (nowMs >= segment.closeAtMs) this.close(segment);
  }

  close(segment: Segment): void {
    this.#options.onClosing(segment);
    segment.close();
    this.#segments.delete(segment.ssrc);
  }

  closeAll(): void {
    for (const segment of this.segments) this.close(segment);
  }
}
