/**
 * Where the packets placed lately lie, and where one belongs that comes after its place was passed. Pure; fixed size.
 * All values in samples at 48 kHz; ends exclusive.
 */
import type { TimelinePacket } from "./timeline.ts";

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
/** Later by more too, unless the network held it back: 250 ms. */
const LATE_SAMPLES = 12_000;
/** A hole this much longer or shorter than its packet comes from the pace of two clocks: 5 ‰. */
const PACE = 1 / 192;

export class PlacedPackets {
  /** By sequence number; the objects are made once and overwritten. */
  readonly #kept = Array.from<Placement | undefined>({ length: KEPT });
  readonly #anchors: Anchored[] = [];

  /** Remembers a packet that was placed in order, by this anchor. */
  add(packet: TimelinePacket, start: number, end: number, anchor: number): void {
    this.#keep(packet, start, end);
    const moved = Math.abs(anchor - (this.#anchors.at(-1)?.anchor ?? Infinity));
    if (moved < SAME_ANCHOR_SAMPLES) return;
    this.#anchors.push({ fromSequence: packet.sequence, anchor });
    if (this.#anchors.length > ANCHORS_KEPT) this.#anchors.shift();
  }

  /**
   * Finds the room of a late packet, and takes it; undefined when there is none. Neighbours keep what they have.
   * `heldBack` tells that the network may have delayed it, so that its arrival says little.
   */
  patch(packet: TimelinePacket, heldBack: boolean): Room | undefined {
    const before = this.#before(packet.sequence);
    const after = this.#after(packet.sequence);
    const position = packet.timestamp + this.#anchorOf(packet, before, after, heldBack);
    const start = Math.max(position, before?.end ?? -Infinity);
    let span = packet.samples;
    if (before?.end === position && before.sequence + 2 === after?.sequence) {
      const hole = after.start - position;
      if (Math.abs(hole - span) <= Math.ceil(span * PACE)) span = hole;
    }
    const end = Math.min(position + span, after?.start ?? Infinity);
    if (start >= end) return undefined;
    this.#keep(packet, start, end);
    return { position, span, start, end };
  }

  /** The anchor of the talkspurt that a late packet belongs to: its neighbours', or where it arrived. */
  #anchorOf(
    packet: TimelinePacket,
    before: Placement | undefined,
    after: Placement | undefined,
    heldBack: boolean,
  ): number {
    const offset = Math.round(packet.arrival - packet.timestamp);
    const latest = heldBack ? Infinity : LATE_SAMPLES;
    const fits = (anchor: number): boolean => offset - anchor > -EARLY_SAMPLES && offset - anchor <= latest;
    const earlier =
      before === undefined ? this.#anchorAt(packet.sequence) : before.end - before.timestamp - before.samples;
    const later = after === undefined ? undefined : after.start - after.timestamp;
    // After a silence frame it belongs to what comes next.
    const ended = before?.silent === true && !packet.silent;
    if (ended && later !== undefined && fits(later)) return later;
    if (earlier !== undefined && fits(earlier)) return earlier;
    return later !== undefined && fits(later) ? later : offset;
  }

  #keep(packet: TimelinePacket, start: number, end: number): void {
    const slot = packet.sequence % KEPT;
    const kept = this.#kept[slot];
    const { sequence, timestamp, samples, silent } = packet;
    if (kept === undefined) {
      this.#kept[slot] = { sequence, timestamp, samples, silent, start, end };
      return;
    }
    kept.sequence = sequence;
    kept.timestamp = timestamp;
    kept.samples = samples;
    kept.silent = silent;
    kept.start = start;
    kept.end = end;
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
