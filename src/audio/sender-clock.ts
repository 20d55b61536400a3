/**
 * What a sender's timestamps mean on the recording's clock. Pure: it is told the time. All values in samples at 48 kHz;
 * offset = arrival − timestamp, anchor = position − timestamp.
 *
 * Delay only ever raises an offset, so minima are the truth: a talkspurt is anchored by the smallest offset of its first
 * packets and of the last ten seconds. Inside speech the anchor stays, but for the pace of two crystals (`clock-drift.ts`).
 */
import { ClockDrift } from "./clock-drift.ts";
import { OffsetHistory } from "./offset-history.ts";

/** A packet as far as clocks are concerned; see `timeline.ts`. */
export type ClockedPacket = {
  readonly sequence: number;
  readonly timestamp: number;
  readonly arrival: number;
  readonly samples: number;
  readonly silent: boolean;
};

/** How a packet stands to the one before it. */
export type Onset =
  /** Speech goes on: the anchor holds. */
  | "none"
  /** A talkspurt begins, or the sender's clock has jumped: `anchorTo` is to be called. */
  | "talkspurt"
  /** More packets must come before this can be told. */
  | "unclear";

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
/** The same while what was placed can be placed again: 5 ms. */
const EARLY_IN_BEGINNING_SAMPLES = 240;
/** Speech that goes on is moved when no packet of half a minute came nearer than this to its place: 100 ms. */
const SLIP_SAMPLES = 4_800;
const SLIP_PATIENCE_SAMPLES = 1_440_000;
/** After a pause in arrivals a second without progress is enough. */
const STALL_PATIENCE_SAMPLES = 48_000;
/** A backlog drains if the smallest offset falls by this from one half of the patience to the next: 20 ms, 2–4 %. */
const DRAIN_SAMPLES = 960;
const SECOND_SAMPLES = 48_000;
const TRAILING_SAMPLES = 480_000;
/** The drift's line and a new talkspurt agree within this, or its history is another clock's: 5 ms. */
const SAME_CLOCK_SAMPLES = 240;

/** Further off than this the anchor begins to move inside speech: 1 ms. */
const GLIDE_FROM_SAMPLES = 48;

export class SenderClock {
  readonly #history = new OffsetHistory();
  readonly #drift = new ClockDrift();
  /** In force; whole samples. */
  #anchor: number | undefined;
  /** Where the anchor should be; it differs while the anchor glides there. */
  #target = 0;
  #gliding = false;
  #glideCredit = 0;
  /** A backlog was found to drain; until it has. */
  #draining = false;
  /** Arrival of the packet that was anchored last, or after which a backlog drains. */
  #since = 0;
  #jumped = false;

  /** Position − timestamp; undefined before the first talkspurt. */
  get anchor(): number | undefined {
    return this.#anchor;
  }

  /** Takes a packet's arrival, in any order. */
  observe(packet: ClockedPacket): void {
    if (packet.silent) return;
    this.#history.add(packet.arrival, packet.arrival - packet.timestamp);
  }

  /**
   * Whether a talkspurt begins with the packet `head`. `waiting` begins with it and is sorted by sequence; `begins` tells
   * that what came before can be placed again.
   */
  onset(
    head: ClockedPacket,
    last: ClockedPacket | undefined,
    waiting: readonly ClockedPacket[],
    now: number,
    begins: boolean,
  ): Onset {
    if (last !== undefined && this.#anchor !== undefined && !this.#mayBegin(head, last, begins))
      return "none";
    const waited = now - head.arrival;
    if (waited < LOOK_AHEAD_SAMPLES) return "unclear";
    // What a stall held back comes faster than it was said: the first to be on time is still to come.
    if (last === undefined && waited < SECOND_SAMPLES && drains(waiting, now)) return "unclear";
    if (last === undefined || this.#anchor === undefined || this.#jumped) return "talkspurt";
    if (head.arrival - head.timestamp - this.#target <= JUMP_SAMPLES) return "talkspurt";
    return this.#afterDelay(head, last, waiting, waited);
  }

  /**
   * It comes much later than its timestamp says: the network held it back, or the sender's clock stood still. If it was
   * the network, the backlog drains; an anchor taken at once would leave all that follows late.
   */
  #afterDelay(
    head: ClockedPacket,
    last: ClockedPacket,
    waiting: readonly ClockedPacket[],
    waited: number,
  ): Onset {
    const span = Math.min(waited, SECOND_SAMPLES);
    const [first, second] = lowestOffsets(waiting, head.arrival, span);
    const lowest = Math.min(first, second);
    if (lowest - this.#target <= JUMP_SAMPLES) return last.silent ? "talkspurt" : "none";
    const falls = first - second > (DRAIN_SAMPLES * span) / SECOND_SAMPLES;
    // Timestamps that stand still in every pause are common, and told from a backlog by the first packets.
    if (last.silent && !falls) return "talkspurt";
    if (waited < SECOND_SAMPLES) return "unclear";
    const stoodStill =
      last.silent && head.timestamp === last.timestamp + (head.sequence - last.sequence) * last.samples;
    if (!falls || stoodStill) return "talkspurt";
    this.#draining = true;
    this.#since = head.arrival;
    return "none";
  }

  #mayBegin(head: ClockedPacket, last: ClockedPacket, begins: boolean): boolean {
    this.#jumped = false;
    if (head.silent) return false;
    const late = head.arrival - head.timestamp - this.#target;
    if (late <= JUMP_SAMPLES) this.#draining = false;
    const early = begins ? EARLY_IN_BEGINNING_SAMPLES : EARLY_SAMPLES;
    if (last.silent || head.arrival - last.arrival > PAUSE_SAMPLES || late < -early) return true;
    this.#jumped = clockJumped(head, last);
    return this.#jumped || (late > SLIP_SAMPLES && this.#slipped(head.arrival));
  }

  /** Speech goes on without a pause, and has been late for so long, by so much, that it is no delay. */
  #slipped(now: number): boolean {
    const patience = this.#draining ? STALL_PATIENCE_SAMPLES : SLIP_PATIENCE_SAMPLES;
    if (now - this.#since < patience) return false;
    if (this.#history.minimum(now - patience, now) - this.#target <= SLIP_SAMPLES) return false;
    const lately = this.#history.minimum(now - SECOND_SAMPLES, now);
    const before = this.#history.minimum(now - 2 * SECOND_SAMPLES, now - SECOND_SAMPLES);
    return before - lately <= DRAIN_SAMPLES;
  }

  /** Anchors the talkspurt that begins with the first of `waiting`. */
  anchorTo(waiting: readonly ClockedPacket[]): void {
    const head = waiting[0];
    if (head === undefined) return;
    let lookAhead = head.arrival - head.timestamp;
    let previous = head;
    for (const packet of waiting) {
      if (packet.silent || packet.arrival - previous.arrival > PAUSE_SAMPLES) break;
      if (packet.arrival - head.arrival > SECOND_SAMPLES) break;
      lookAhead = Math.min(lookAhead, packet.arrival - packet.timestamp);
      previous = packet;
    }
    const trailing = this.#history.minimum(head.arrival - TRAILING_SAMPLES, head.arrival);
    let estimate = Math.min(lookAhead, trailing);
    if (this.#jumped || Math.abs(lookAhead - trailing) > JUMP_SAMPLES) {
      this.#history.clear();
      this.#history.add(head.arrival, lookAhead);
      estimate = lookAhead;
    }
    this.#draining = false;
    this.#since = head.arrival;
    let tolerance = ANCHOR_TOLERANCE_SAMPLES;
    const line = this.#drift.line(head.timestamp);
    if (Math.abs((line ?? this.#anchor ?? Infinity) - estimate) > SAME_CLOCK_SAMPLES) {
      this.#drift.restart();
    } else if (line !== undefined) {
      // Nearer to the truth than a minimum of ten seconds, in which a crystal drifts by a millisecond.
      estimate = line;
      tolerance = GLIDE_FROM_SAMPLES;
    }
    if (this.#anchor === undefined || Math.abs(estimate - this.#anchor) > tolerance)
      this.#anchor = Math.round(estimate);
    this.#target = this.#anchor;
    this.#gliding = false;
  }

  /** Moves the anchor by hand: what it would overlap is there already. It glides back. */
  yieldTo(anchor: number): void {
    this.#anchor = anchor;
  }

  /**
   * Samples that a placed packet of speech takes on the recording's clock: its own duration, or a few more or less when
   * the anchor glides. The anchor in force afterwards is the next packet's.
   */
  pace(packet: ClockedPacket): number {
    if (packet.silent || this.#anchor === undefined) return packet.samples;
    const offset = packet.arrival - packet.timestamp;
    // A backlog says nothing about clocks.
    if (offset - this.#target <= JUMP_SAMPLES) this.#drift.add(packet.timestamp, offset);
    // Whatever came sooner than its place shows that the anchor was taken from too few packets.
    this.#target = this.#drift.line(packet.timestamp) ?? Math.min(this.#target, offset);
    const off = this.#target - this.#anchor;
    const distance = Math.abs(off);
    this.#gliding = distance >= (this.#gliding ? 1 : GLIDE_FROM_SAMPLES);
    if (!this.#gliding) return packet.samples;
    this.#glideCredit += packet.samples * glideRate(distance);
    const whole = Math.min(Math.floor(this.#glideCredit), Math.floor(distance));
    this.#glideCredit -= whole;
    const step = off < 0 ? -whole : whole;
    this.#anchor += step;
    return packet.samples + step;
  }
}

/** How fast an anchor glides that is so far off: within 2 ms, 5 ms, or more. 1 ‰ is inaudible, 5 ‰ hardly heard. */
function glideRate(distanceSamples: number): number {
  if (distanceSamples <= 96) return 1 / 4_800;
  return distanceSamples <= 240 ? 1 / 960 : 1 / 192;
}

/** Whether the timestamp jumped between two packets that follow one another while time went on as always. */
function clockJumped(head: ClockedPacket, last: ClockedPacket): boolean {
  if (head.sequence !== last.sequence + 1) return false;
  const jump = head.timestamp - last.timestamp - last.samples;
  const moved = head.arrival - head.timestamp - (last.arrival - last.timestamp);
  return Math.abs(jump) > EARLY_SAMPLES && Math.abs(moved + jump) < Math.abs(jump) / 2;
}

/** Whether the smallest offset of what came lately falls by a packet from one tenth of a second to the next. */
function drains(waiting: readonly ClockedPacket[], now: number): boolean {
  const [first, second] = lowestOffsets(waiting, now - LOOK_AHEAD_SAMPLES, LOOK_AHEAD_SAMPLES);
  return first - second > EARLY_SAMPLES;
}

/** The smallest offsets of what came in the first and in the second half of a span; Infinity for none. */
function lowestOffsets(waiting: readonly ClockedPacket[], from: number, span: number): [number, number] {
  let first = Infinity;
  let second = Infinity;
  for (const packet of waiting) {
    const age = packet.arrival - from;
    if (packet.silent || age < 0 || age > span) continue;
    const offset = packet.arrival - packet.timestamp;
    if (age < span / 2) first = Math.min(first, offset);
    else second = Math.min(second, offset);
  }
  return [first, second];
}
