/**
 * Where the packets placed lately lie, and where one belongs that comes after its place was passed. Pure; fixed size.
 * All values in samples at 48 kHz; ends exclusive.
 */
import type { TimelinePacket } from "./timeline-packet.ts";

/** Where a late packet belongs: `span` samples from `position`, of which it may fill `start` to `end`. */
export type Room = {
  readonly position: number;
  readonly span: number;
  readonly start: number;
  readonly end: number;
};

type Placement = {
  sequence: number;
  timestamp: number;
  samples: number;
  silent: boolean;
  start: number;
  end: number;
  /** It is silence, or lies where it came for want of anything better: speech that knows its place may take it. */
  yields: boolean;
};
type Anchored = { readonly fromSequence: number; readonly anchor: number };

/** About ten seconds of speech, 20 KB. */
const KEPT = 512;
/** Anchors remembered for packets that come later still: their keys were missing. */
const ANCHORS_KEPT = 64;
/** An anchor that moved by less is the same one: 1 ms. */
const SAME_ANCHOR_SAMPLES = 48;
/** Earlier than its arrival by more, a packet was placed by the wrong anchor: 20 ms. */
const EARLY_SAMPLES = 960;
/** Later by more after a pause too, unless the network held it back: 250 ms. */
const LATE_SAMPLES = 12_000;
/** A hole this much longer or shorter than its packet comes from the pace of two clocks: 5 ‰. */
const PACE = 1 / 192;

export class PlacedPackets {
  /** By sequence number; the objects are made once and overwritten. */
  readonly #kept = Array.from<Placement | undefined>({ length: KEPT });
  readonly #anchors: Anchored[] = [];

  /** Forgets everything. */
  clear(): void {
    this.#kept.fill(undefined);
    this.#anchors.length = 0;
  }

  /** Remembers a packet that was placed in order, by this anchor. */
  add(packet: TimelinePacket, start: number, end: number, anchor: number): void {
    this.#keep(packet, start, end, packet.silent);
    const moved = Math.abs(anchor - (this.#anchors.at(-1)?.anchor ?? Infinity));
    if (moved < SAME_ANCHOR_SAMPLES) return;
    this.#anchors.push({ fromSequence: packet.sequence, anchor });
    if (this.#anchors.length > ANCHORS_KEPT) this.#anchors.shift();
  }

  /**
   * Finds the room of a late packet, and takes it; undefined when there is none. Neighbours keep what was said in them.
   * `heldBack` tells that the network may have delayed it, so that its arrival says little.
   */
  patch(packet: TimelinePacket, heldBack: boolean): Room | undefined {
    const before = this.#before(packet.sequence);
    const after = this.#after(packet.sequence);
    const arrivedAt = Math.round(packet.arrival);
    const position = this.#positionOf(packet, before, after, heldBack) ?? arrivedAt;
    const keeps = (neighbour: Placement | undefined): neighbour is Placement =>
      neighbour !== undefined && (packet.silent || !neighbour.yields);
    const start = Math.max(position, keeps(before) ? before.end : -Infinity);
    let span = packet.samples;
    if (before?.end === position && before.sequence + 2 === after?.sequence) {
      const hole = after.start - position;
      if (Math.abs(hole - span) <= Math.ceil(span * PACE)) span = hole;
    }
    const end = Math.min(position + span, keeps(after) ? after.start : Infinity);
    if (start >= end) return undefined;
    this.#keep(packet, start, end, packet.silent || position === arrivedAt);
    return { position, span, start, end };
  }

  /** Where a late packet belongs by its neighbours' talkspurts; undefined when it can be of neither. */
  #positionOf(
    packet: TimelinePacket,
    before: Placement | undefined,
    after: Placement | undefined,
    heldBack: boolean,
  ): number | undefined {
    const offset = packet.arrival - packet.timestamp;
    // In mid-speech nothing else can have made it late; else timestamps may have stood still in a pause.
    const latest = heldBack || before?.silent === false ? Infinity : LATE_SAMPLES;
    const anchorBefore =
      before === undefined ? this.#anchorAt(packet.sequence) : before.end - before.timestamp - before.samples;
    const anchorAfter = after === undefined ? undefined : after.start - after.timestamp;
    // Between two of one talkspurt it belongs also where that was moved behind what somebody else said.
    const agree = Math.abs((anchorAfter ?? Infinity) - (anchorBefore ?? Infinity)) <= EARLY_SAMPLES;
    const fitting = (anchor: number | undefined): number | undefined => {
      if (anchor === undefined || offset - anchor > latest) return undefined;
      return agree || offset - anchor > -EARLY_SAMPLES ? packet.timestamp + anchor : undefined;
    };
    const earlier = fitting(anchorBefore);
    const later = fitting(anchorAfter);
    if (earlier === undefined || later === undefined) return earlier ?? later;
    // Timestamps stood still in a pause between the two: it belongs where it is the least late.
    if (Math.abs(later - earlier) > EARLY_SAMPLES) return Math.max(earlier, later);
    // After a silence frame it belongs to what comes next.
    return before?.silent === true && !packet.silent ? later : earlier;
  }

  #keep(packet: TimelinePacket, start: number, end: number, yields: boolean): void {
    const slot = packet.sequence % KEPT;
    const kept = this.#kept[slot];
    const { sequence, timestamp, samples, silent } = packet;
    if (kept === undefined) {
      this.#kept[slot] = { sequence, timestamp, samples, silent, start, end, yields };
      return;
    }
    kept.sequence = sequence;
    kept.timestamp = timestamp;
    kept.samples = samples;
    kept.silent = silent;
    kept.start = start;
    kept.end = end;
    kept.yields = yields;
  }

  #before(sequence: number): Placement | undefined {
    for (let at = sequence - 1; at > sequence - KEPT && at >= 0; at--) {
      const kept = this.#kept[at % KEPT];
      if (kept?.sequence === at) return kept;
    }
    return undefined;
  }

  #after(sequence: number): Placement | undefined {
    for (let at = sequence + 1; at < sequence + KEPT; at++) {
      const kept = this.#kept[at % KEPT];
      if (kept?.sequence === at) return kept;
    }
    return undefined;
  }

  #anchorAt(sequence: number): number | undefined {
    let anchor = this.#anchors[0]?.anchor;
    for (const { fromSequence, anchor: later } of this.#anchors) {
      if (fromSequence > sequence) break;
      anchor = later;
    }
    return anchor;
  }
}
