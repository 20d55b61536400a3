/**
 * Where a packet belongs on the recording's clock. One timeline per segment (connection, SSRC). Pure: it is told the
 * time. All times, timestamps and positions in samples at 48 kHz.
 *
 * Inside a talkspurt RTP timestamps rule: positions differ exactly as they do, but for the pace of two crystals. Between
 * talkspurts `sender-clock.ts` anchors them anew, so neither a frozen nor a drifting sender clock moves a person away
 * from the others.
 */
import { PlacedPackets } from "./placed-packets.ts";
import type { Room } from "./placed-packets.ts";
import { LOOK_AHEAD_SAMPLES, SenderClock } from "./sender-clock.ts";
import { SkippedNumbers } from "./skipped-numbers.ts";
import type { TimelinePacket } from "./timeline-packet.ts";

export type TimelineSink<P> = {
  /**
   * Called in sequence order. `lostSamples` went missing between this one and the one before, at most what there is
   * room for; 0 where the sender was silent. The packet takes `span` samples: its own duration, or up to 5 ‰ more or less where the sender's
   * clock runs at another pace. The position may be negative for audio from before the clock began, and up to
   * `CROSSFADE_SAMPLES` before the end of the packet placed last, or of what others have said: both are to be heard there.
   */
  place(packet: P, position: number, lostSamples: number, span: number): void;
  /** Called instead of `place`: the packet belongs further into the future than any honest sender's. */
  refuse(packet: P): void;
  /**
   * Everything placed so far was placed too late, and is placed again, from the first packet on. What lies from `from` to
   * `to` is to be silent until something is placed there.
   */
  retract(from: number, to: number): void;
};

/** What others have said on the same track. */
export type Taken = {
  /** Where what they said here ends, if a talkspurt that belongs here goes behind it; otherwise -Infinity. */
  endAt(position: number): number;
  /** Whether they said nothing between the two. */
  isFree(start: number, end: number): boolean;
};
export const NOTHING_TAKEN: Taken = { endAt: () => -Infinity, isFree: () => true };

/** A talkspurt that belongs into the one before it is moved behind it but for this: 5 ms. */
export const CROSSFADE_SAMPLES = 240;
/** A silence frame so far from its place was made up by the server, and goes where it came: 20 ms early, 1 s late. */
const EARLY_SAMPLES = 960;
const LATE_SAMPLES = 48_000;
/** A segment's beginning, which is placed again where it turns out to have been late: 1 s. */
const BEGINNING_SAMPLES = 48_000;
/** Placed this far ahead of its arrival a packet would make the recording longer than the call: 5 s. */
const MAX_AHEAD_SAMPLES = 240_000;

export class Timeline<P extends TimelinePacket> {
  /** Sorted by sequence. */
  readonly #waiting: P[] = [];
  readonly #skipped = new SkippedNumbers();
  readonly #clock = new SenderClock();
  readonly #placed = new PlacedPackets();
  #last: P | undefined;
  /** Position just after the packet placed last. */
  #end = -Infinity;
  /** What was placed of the segment's first second of speech, as long as nothing is missing; undefined afterwards. */
  #beginning: P[] | undefined = [];

  /** Packets not placed yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a packet, once; false when its place has been passed: `patch` may still find room for it. */
  push(packet: P): boolean {
    if (this.#last !== undefined && packet.sequence <= this.#last.sequence) return false;
    this.#clock.observe(packet);
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.sequence ?? 0) > packet.sequence) at--;
    if (at === this.#waiting.length) this.#waiting.push(packet);
    else this.#waiting.splice(at, 0, packet);
    return true;
  }

  /** Tells that nothing is to be expected under this number: it carried padding only, or what it carried is given up. */
  skip(sequence: number): void {
    if (this.#last === undefined || sequence > this.#last.sequence) this.#skipped.add(sequence);
  }

  /** Places every packet whose place is certain by `now`. */
  advance(now: number, sink: TimelineSink<P>, taken = NOTHING_TAKEN): void {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const begins = this.#beginning !== undefined;
      const onset = this.#clock.onset(head, this.#last, this.#waiting, now, begins);
      if (onset === "unclear") return;
      if (this.#missingBefore(head) > 0 && now - head.arrival < LOOK_AHEAD_SAMPLES) return;
      if (onset === "talkspurt") this.#clock.anchorTo(this.#waiting);
      const goesOn = onset === "none" || this.#beginAgain(head, sink, taken);
      this.#waiting.shift();
      this.#place(head, !goesOn, sink, taken);
    }
  }

  /** Places everything that waits: the segment ends here. */
  flush(sink: TimelineSink<P>): void {
    this.advance(Infinity, sink);
  }

  /**
   * Finds the room of a packet that `push` called late, and takes it; undefined when there is none. Neighbours keep what
   * they have. `heldBack` tells that the network may have delayed it, so that its arrival says little.
   */
  patch(packet: P, heldBack: boolean): Room | undefined {
    return this.#placed.patch(packet, heldBack);
  }

  /**
   * Somebody's first packets may all have been delayed. One that comes sooner and goes on with what they say proves it:
   * what was placed is placed again by the anchor of now. Their delays are not asked again: that would move it back, and
   * could go on for ever. Whether that was so.
   */
  #beginAgain(head: P, sink: TimelineSink<P>, taken: Taken): boolean {
    const [first] = this.#beginning ?? [];
    const last = this.#last;
    const { anchor } = this.#clock;
    if (first === undefined || anchor === undefined || !follows(head, last)) return false;
    const late = this.#end - (head.timestamp + anchor);
    if (late <= CROSSFADE_SAMPLES || late > BEGINNING_SAMPLES) return false;
    if (!taken.isFree(first.timestamp + anchor, this.#end)) return false;
    sink.retract(this.#end - late, this.#end);
    const again = this.#beginning ?? [];
    this.#beginning = [];
    this.#last = undefined;
    this.#end = -Infinity;
    this.#placed.clear();
    for (const packet of again) this.#place(packet, packet === first, sink, taken);
    return true;
  }

  /** Keeps a packet that was placed, as long as it may have to be placed again: by one anchor with all before it. */
  #begin(head: P, last: P | undefined, isOnset: boolean): void {
    const first = this.#beginning?.[0];
    if (first === undefined && head.silent) return;
    const goesOn =
      first === undefined
        ? last === undefined || (last.silent && head.sequence === last.sequence + 1)
        : !isOnset &&
          !head.silent &&
          follows(head, last) &&
          head.timestamp - first.timestamp < BEGINNING_SAMPLES;
    if (goesOn) this.#beginning?.push(head);
    else this.#beginning = undefined;
  }

  #place(head: P, isOnset: boolean, sink: TimelineSink<P>, taken: Taken): void {
    const last = this.#last;
    this.#last = head;
    let position = head.timestamp + (this.#clock.anchor ?? 0);
    if (head.silent) {
      const behind = head.arrival - position;
      if (behind < -EARLY_SAMPLES || behind > LATE_SAMPLES) position = Math.round(head.arrival);
    }
    const shared = isOnset ? Math.min(CROSSFADE_SAMPLES, (last ?? head).samples / 2, head.samples / 2) : 0;
    const end = isOnset && !head.silent ? Math.max(this.#end, taken.endAt(position)) : this.#end;
    if (position < end - shared) {
      position = end - shared;
      if (isOnset) this.#clock.yieldTo(position - head.timestamp);
    }
    if (position - head.arrival > MAX_AHEAD_SAMPLES) {
      sink.refuse(head);
      return;
    }
    // A talkspurt anchored anew may leave less room than its missing packets had: what there is of it is a hole.
    const lost =
      last === undefined
        ? 0
        : Math.max(0, Math.min(this.#missingBetween(last, head) * last.samples, position - this.#end));
    this.#skipped.forgetBefore(head.sequence);
    const span = this.#clock.pace(head);
    this.#end = position + span;
    this.#placed.add(head, position, this.#end, position - head.timestamp);
    if (this.#beginning !== undefined) this.#begin(head, last, isOnset);
    sink.place(head, position, lost, span);
  }

  #missingBefore(head: P): number {
    return this.#missingBetween(this.#last, head);
  }

  /** Sequence numbers between two packets under which audio is still to be expected. */
  #missingBetween(last: P | undefined, head: P): number {
    if (last === undefined) return 0;
    const missing = head.sequence - last.sequence - 1;
    return missing === 0 ? 0 : missing - this.#skipped.countBetween(last.sequence, head.sequence);
  }
}

/** Whether speech goes on from one packet to the next, and nothing is missing between them. */
function follows(head: TimelinePacket, last: TimelinePacket | undefined): boolean {
  if (last === undefined || last.silent || head.sequence !== last.sequence + 1) return false;
  return head.timestamp === last.timestamp + last.samples;
}
