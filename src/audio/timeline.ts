/**
 * Where a packet belongs on the recording's clock. One timeline per segment (connection, SSRC). Pure: it is told the
 * time. All times, timestamps and positions in samples at 48 kHz.
 *
 * Inside a talkspurt RTP timestamps rule: positions differ exactly as they do. Between talkspurts the smallest
 * arrival − timestamp of the look-ahead and of the last ten seconds anchors them anew, so neither a frozen nor a drifting
 * sender clock moves a person away from the others.
 */
import { OffsetHistory } from "./offset-history.ts";
import { PlacedPackets } from "./placed-packets.ts";
import type { Placement } from "./placed-packets.ts";

export type TimelinePacket = {
  /** Extended; see `rtp-unwrap.ts`. */
  readonly sequence: number;
  /** Extended. */
  readonly timestamp: number;
  /** On the recording's clock; fractions allowed. */
  readonly arrival: number;
  /** Duration. */
  readonly samples: number;
  /** Discord's silence frame, which a server may make up: it never anchors anything. */
  readonly silent: boolean;
};

export type TimelineSink<P> = {
  /**
   * Called in sequence order. `lostPackets` went missing directly before this one within speech; it is 0 where the
   * sender was silent. The position may be negative for audio from before the clock began.
   */
  place(packet: P, position: number, lostPackets: number): void;
  /** Called instead of `place`: the packet belongs further into the future than any honest sender's. */
  refuse(packet: P): void;
};

/** Where a packet that comes late belongs, and the samples from `start` to `end` that nothing else was placed on. */
export type Room = { readonly position: number; readonly start: number; readonly end: number };

/** A packet waits this long for one missing before it, and a talkspurt's first for its anchor: 200 ms. */
export const LOOK_AHEAD_SAMPLES = 9_600;
/** A pause in arrivals of this length begins a talkspurt: 200 ms. */
const PAUSE_SAMPLES = 9_600;
/** Anchors closer than this to the estimate stay: 2 ms, inaudible, and keeps neighbours in step. */
const ANCHOR_TOLERANCE_SAMPLES = 96;
/** Look-ahead and history disagreeing by more mean that the sender's clock jumped: 120 ms. */
const JUMP_SAMPLES = 5_760;
/** A packet this far ahead of its place proves the anchor wrong: 20 ms. */
const EARLY_SAMPLES = 960;
/** No packet of the last ten seconds nearer than this to its place: the clock drifted, 100 ms. */
const DRIFT_SAMPLES = 4_800;
/** No packet of the last second nearer than this: it slipped, 250 ms. */
const SLIP_SAMPLES = 12_000;
/** So far behind its place that no network explains it: 1 s. */
const BROKEN_SAMPLES = 48_000;
/** Placed this far ahead of its arrival a packet would make the recording longer than the call: 5 s. */
const MAX_AHEAD_SAMPLES = 240_000;
const SECOND_SAMPLES = 48_000;
const HISTORY_SAMPLES = 480_000;
/** Talkspurts remembered for packets that are opened late. */
const SPURTS_KEPT = 64;
/** Padding-only sequence numbers remembered between two packets of media. */
const PADDING_KEPT = 4_096;

type Spurt = { readonly fromSequence: number; readonly anchor: number };

export class Timeline<P extends TimelinePacket> {
  /** Sorted by sequence. */
  readonly #waiting: P[] = [];
  readonly #history = new OffsetHistory();
  readonly #padding: number[] = [];
  readonly #spurts: Spurt[] = [];
  readonly #placed = new PlacedPackets();
  #last: P | undefined;
  /** Position just after the packet placed last. */
  #end = -Infinity;
  /** Position − timestamp, of the current talkspurt. */
  #anchor: number | undefined;

  /** Packets not placed yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a packet, once; false when its place has been passed: it is late. */
  push(packet: P): boolean {
    if (this.#last !== undefined && packet.sequence <= this.#last.sequence) return false;
    if (!packet.silent) this.#history.add(packet.arrival, packet.arrival - packet.timestamp);
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.sequence ?? 0) > packet.sequence) at--;
    if (at === this.#waiting.length) this.#waiting.push(packet);
    else this.#waiting.splice(at, 0, packet);
    return true;
  }

  /** Tells that this sequence number carried padding only: nothing is missing there. */
  skip(sequence: number): void {
    if (this.#last !== undefined && sequence <= this.#last.sequence) return;
    this.#padding.push(sequence);
    if (this.#padding.length > PADDING_KEPT) this.#padding.shift();
  }

  /** Places every packet whose place is certain by `now`. */
  advance(now: number, sink: TimelineSink<P>): void {
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      const starts = this.#startsTalkspurt(head);
      const patience = starts && this.#mayBeDelayed(head) ? SECOND_SAMPLES : LOOK_AHEAD_SAMPLES;
      if ((starts || this.#missingBefore(head) > 0) && now - head.arrival < patience) return;
      if (starts) this.#anchorTalkspurt(head);
      this.#waiting.shift();
      this.#place(head, sink);
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
    const before = this.#placed.before(packet.sequence);
    const after = this.#placed.after(packet.sequence);
    const position = packet.timestamp + this.#anchorAt(packet, before, after, heldBack);
    const start = Math.max(position, before?.end ?? -Infinity);
    const end = Math.min(position + packet.samples, after?.start ?? Infinity);
    if (start >= end) return undefined;
    this.#placed.add(packet, start, end);
    return { position, start, end };
  }

  /** The anchor of the talkspurt of a packet whose place has been passed. */
  #anchorAt(
    packet: P,
    before: Placement | undefined,
    after: Placement | undefined,
    heldBack: boolean,
  ): number {
    const offset = Math.round(packet.arrival - packet.timestamp);
    const latest = heldBack ? Infinity : SLIP_SAMPLES;
    const fits = (anchor: number): boolean => offset - anchor > -EARLY_SAMPLES && offset - anchor <= latest;
    const earlier =
      before === undefined
        ? this.#spurtAnchor(packet.sequence)
        : before.end - before.timestamp - before.samples;
    const later = after === undefined ? undefined : after.start - after.timestamp;
    const ended = before?.silent === true && !packet.silent;
    if (!ended && earlier !== undefined && fits(earlier)) return earlier;
    if (later !== undefined && fits(later)) return later;
    return earlier !== undefined && fits(earlier) ? earlier : offset;
  }

  #spurtAnchor(sequence: number): number | undefined {
    let anchor = this.#spurts[0]?.anchor;
    for (const spurt of this.#spurts) {
      if (spurt.fromSequence > sequence) break;
      anchor = spurt.anchor;
    }
    return anchor;
  }

  #startsTalkspurt(head: P): boolean {
    const last = this.#last;
    const anchor = this.#anchor;
    if (last === undefined || anchor === undefined) return true;
    if (head.silent) return false;
    if (last.silent || head.arrival - last.arrival > PAUSE_SAMPLES) return true;
    const behind = head.arrival - head.timestamp - anchor;
    if (behind < -EARLY_SAMPLES || behind > BROKEN_SAMPLES) return true;
    if (behind <= DRIFT_SAMPLES) return false;
    const lastSecond = this.#history.minimum(head.arrival, SECOND_SAMPLES) - anchor;
    if (lastSecond > SLIP_SAMPLES && lastSecond < Infinity) return true;
    return this.#history.minimum(head.arrival, HISTORY_SAMPLES) - anchor > DRIFT_SAMPLES;
  }

  /**
   * Speech went on without a pause and comes late: the network held it back, or the sender's clock stood still. If it was
   * the network, the backlog drains, and a second shows it; an anchor taken at once would leave all that follows late.
   */
  #mayBeDelayed(head: P): boolean {
    const last = this.#last;
    if (last === undefined || this.#anchor === undefined || last.silent) return false;
    const goesOn = head.timestamp - last.timestamp <= (head.sequence - last.sequence) * last.samples;
    return goesOn && head.arrival - head.timestamp - this.#anchor > JUMP_SAMPLES;
  }

  #anchorTalkspurt(head: P): void {
    let lookAhead = head.arrival - head.timestamp;
    let previous = head;
    for (const packet of this.#waiting) {
      if (packet.silent || packet.arrival - previous.arrival > PAUSE_SAMPLES) break;
      if (packet.arrival - head.arrival > SECOND_SAMPLES) break;
      lookAhead = Math.min(lookAhead, packet.arrival - packet.timestamp);
      previous = packet;
    }
    const trailing = this.#history.minimum(head.arrival, HISTORY_SAMPLES);
    let estimate = Math.min(lookAhead, trailing);
    if (Math.abs(lookAhead - trailing) > JUMP_SAMPLES) {
      this.#history.clear();
      this.#history.add(head.arrival, lookAhead);
      estimate = lookAhead;
    }
    let anchor = this.#anchor;
    if (anchor === undefined || Math.abs(estimate - anchor) > ANCHOR_TOLERANCE_SAMPLES)
      anchor = Math.round(estimate);
    // Two packets never share a sample: a talkspurt that would begin inside the one before it is moved behind it.
    if (head.timestamp + anchor < this.#end) anchor = this.#end - head.timestamp;
    this.#anchor = anchor;
    this.#spurts.push({ fromSequence: head.sequence, anchor });
    if (this.#spurts.length > SPURTS_KEPT) this.#spurts.shift();
  }

  #place(head: P, sink: TimelineSink<P>): void {
    let position = head.timestamp + (this.#anchor ?? 0);
    if (head.silent) {
      const behind = head.arrival - position;
      if (behind < -EARLY_SAMPLES || behind > BROKEN_SAMPLES) position = Math.round(head.arrival);
    }
    position = Math.max(position, this.#end);
    if (position - head.arrival > MAX_AHEAD_SAMPLES) {
      this.#last = head;
      sink.refuse(head);
      return;
    }
    let lost = 0;
    if (this.#last !== undefined) {
      const gap = Math.floor((position - this.#end) / this.#last.samples);
      lost = Math.max(0, Math.min(this.#missingBefore(head), gap));
    }
    while (this.#padding.length > 0 && (this.#padding[0] ?? 0) <= head.sequence) this.#padding.shift();
    this.#last = head;
    this.#end = position + head.samples;
    this.#placed.add(head, position, this.#end);
    sink.place(head, position, lost);
  }

  /** Sequence numbers between the last packet and this one that carried neither media seen so far nor padding. */
  #missingBefore(head: P): number {
    const last = this.#last;
    if (last === undefined) return 0;
    let missing = head.sequence - last.sequence - 1;
    if (missing === 0) return 0;
    for (const sequence of this.#padding) if (sequence > last.sequence && sequence < head.sequence) missing--;
    return missing;
  }
}
