/**
 * Generated packet histories and where each packet's audio belongs. All times in samples at 48 kHz on the recording's
 * clock; nothing here knows how the timeline works.
 */
import { RtpUnwrapper } from "../../src/audio/rtp-unwrap.ts";
import { Timeline } from "../../src/audio/timeline.ts";
import type { TimelinePacket } from "../../src/audio/timeline-packet.ts";
import type { SeededRandom } from "../capture/seeded-random.ts";

export const FRAME = 960;
export const SECOND = 48_000;
/** The network's smallest delay: it cannot be known, so the ideal timeline contains it. */
export const DELAY = 1_440;

export type Sent = {
  readonly rawSequence: number;
  readonly rawTimestamp: number;
  readonly samples: number;
  readonly silent: boolean;
  readonly padding: boolean;
  readonly sentAt: number;
};
export type Arriving = Sent & { readonly arrival: number };

/** A sender: numbers packets, and sends them by a clock of its own. */
export class Sender {
  readonly sent: Sent[] = [];
  /** Now, on the recording's clock. */
  at: number;
  sequence: number;
  timestamp: number;
  /** How much longer its second is than ours. */
  readonly ppm: number;

  constructor(
    options: {
      readonly at?: number;
      readonly sequence?: number;
      readonly timestamp?: number;
      readonly ppm?: number;
    } = {},
  ) {
    this.at = options.at ?? SECOND;
    this.sequence = options.sequence ?? 1_000;
    this.timestamp = options.timestamp ?? 500_000;
    this.ppm = options.ppm ?? 0;
  }

  /** Speaks for about so long, in packets of the given duration. */
  speak(samples: number, packetSamples = FRAME): this {
    for (let said = 0; said < samples; said += packetSamples) this.#send(packetSamples, false);
    return this;
  }

  /** The five frames by which a client says that it stops. */
  silence(): this {
    for (let frame = 0; frame < 5; frame++) this.#send(FRAME, true);
    return this;
  }

  /** Sends nothing for so long; `frozen` timestamps stand still meanwhile. */
  pause(samples: number, frozen = false): this {
    this.at += samples * (1 + this.ppm / 1e6);
    if (!frozen) this.timestamp += samples;
    return this;
  }

  /** Packets of padding alone: they use up sequence numbers. */
  pad(count: number): this {
    for (let packet = 0; packet < count; packet++) {
      const { rawSequence, rawTimestamp } = this.#number();
      this.sent.push({
        rawSequence,
        rawTimestamp,
        samples: 0,
        silent: false,
        padding: true,
        sentAt: this.at,
      });
    }
    return this;
  }

  #send(samples: number, silent: boolean): void {
    const { rawSequence, rawTimestamp } = this.#number();
    this.sent.push({ rawSequence, rawTimestamp, samples, silent, padding: false, sentAt: this.at });
    this.timestamp += samples;
    this.at += samples * (1 + this.ppm / 1e6);
  }

  #number(): { rawSequence: number; rawTimestamp: number } {
    return { rawSequence: this.sequence++ & 0xffff, rawTimestamp: this.timestamp >>> 0 };
  }
}

/** Brings packets through a network; `extraOf` is what it delays a packet by beyond `DELAY`, undefined for a lost one. */
export function deliver(
  sent: readonly Sent[],
  extraOf: (packet: Sent, at: number) => number | undefined,
): Arriving[] {
  const arriving: Arriving[] = [];
  for (const [at, packet] of sent.entries()) {
    const extra = extraOf(packet, at);
    if (extra !== undefined) arriving.push({ ...packet, arrival: packet.sentAt + DELAY + extra });
  }
  return arriving.sort((a, b) => a.arrival - b.arrival);
}

/** Exponential jitter of the given mean, with a spike of up to 120 ms for one packet in a hundred. */
export function jitter(random: SeededRandom, meanMs = 8): () => number {
  return () => -Math.log(1 - random.next()) * meanMs * 48 + (random.next() < 0.01 ? random.below(5_760) : 0);
}

/** Holds everything sent from an instant on back for some time, then delivers it at a multiple of real time. */
export function stall(fromSentAt: number, stallSamples: number, drainRate: number): (packet: Sent) => number {
  let free = 0;
  return (packet) => {
    let at = packet.sentAt;
    if (at >= fromSentAt) at = Math.max(at, fromSentAt + stallSamples, free);
    free = at + packet.samples / drainRate;
    return at - packet.sentAt;
  };
}

type Packet = TimelinePacket & { readonly sentAt: number; readonly index: number };

/** What became of a packet. */
export type Placed = {
  readonly index: number;
  readonly sentAt: number;
  readonly silent: boolean;
  readonly samples: number;
  readonly position: number;
  readonly start: number;
  readonly end: number;
  readonly lost: number;
  readonly patched: boolean;
};

export type Outcome = {
  readonly placed: readonly Placed[];
  readonly late: number;
  readonly duplicate: number;
  readonly ancient: number;
  readonly refused: number;
  /** Packets that were placed a second time. */
  readonly again: number;
};

/** Runs a history through the unwrapper and the timeline with a 20 ms clock. */
export function record(arriving: readonly Arriving[]): Outcome {
  const unwrapper = new RtpUnwrapper();
  const timeline = new Timeline<Packet>();
  const placed: Placed[] = [];
  let refused = 0;
  let again = 0;
  const sink = {
    place: (packet: Packet, position: number, lostSamples: number, span: number) => {
      const { index, sentAt, silent, samples } = packet;
      const lost = lostSamples / FRAME;
      const end = position + span;
      placed.push({ index, sentAt, silent, samples, position, start: position, end, lost, patched: false });
    },
    refuse: () => void refused++,
    retract: () => {
      again += placed.length;
      placed.length = 0;
    },
  };
  let late = 0;
  const told = { new: 0, duplicate: 0, ancient: 0 };
  let now = 0;
  for (const [index, packet] of arriving.entries()) {
    for (; now + FRAME <= packet.arrival; now += FRAME) timeline.advance(now, sink);
    const verdict = unwrapper.accept(packet.rawSequence, packet.rawTimestamp);
    told[verdict]++;
    if (verdict !== "new") continue;
    const { sequence, timestamp } = unwrapper;
    if (packet.padding) {
      timeline.skip(sequence);
      continue;
    }
    const { arrival, silent, samples, sentAt } = packet;
    const numbered = { sequence, timestamp, arrival, samples, silent, sentAt, index };
    if (timeline.push(numbered)) continue;
    const room = timeline.patch(numbered, true);
    if (room === undefined) late++;
    else placed.push({ index, sentAt, silent, samples, ...room, lost: 0, patched: true });
  }
  timeline.flush(sink);
  return { placed, late, duplicate: told.duplicate, ancient: told.ancient, refused, again };
}

/** How far from its ideal place a packet is, in milliseconds; positive is late. */
export function errorMs(packet: Placed): number {
  return (packet.position - packet.sentAt - DELAY) / 48;
}

export type Errors = {
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly worstMs: number;
  readonly lastMs: number;
};

/** Sizes of the errors of what can be heard, sent within `[from, to)`. */
export function errorsOf(placed: readonly Placed[], from = -Infinity, to = Infinity): Errors {
  const heard = placed.filter(({ silent, sentAt }) => !silent && sentAt >= from && sentAt < to);
  const sizes = heard.map((packet) => Math.abs(errorMs(packet))).sort((a, b) => a - b);
  const at = (share: number): number => sizes[Math.floor((sizes.length - 1) * share)] ?? Infinity;
  const last = heard.reduce((a, b) => (b.sentAt >= a.sentAt ? b : a), heard[0] as Placed);
  return { medianMs: at(0.5), p99Ms: at(0.99), worstMs: at(1), lastMs: errorMs(last) };
}
