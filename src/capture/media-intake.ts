import { HoldQueue } from "./hold-queue.ts";
import type { Attempt } from "./hold-queue.ts";
import type { KeyWatch } from "./key-watch.ts";
import { NO_NONCE, openMedia } from "./media-lock.ts";
import type { DaveState } from "./media-lock.ts";
import { mediaOf } from "./rtp.ts";
import type { RtpHeader } from "./rtp.ts";
import type { MediaPacket } from "./media-packet.ts";
import type { Segment } from "./segment.ts";
import type { SenderNews } from "./sender-map.ts";
import { SenderTable } from "./sender-table.ts";
import type { SenderTableOptions } from "./sender-table.ts";
import { findSender } from "./sender-trial.ts";

export type MediaIntakeOptions = Omit<SenderTableOptions, "onClosing"> & {
  readonly counts: { unattributed: number };
  readonly keyWatch: KeyWatch;
  /** The call's end-to-end side; undefined while it is not known whether it has one: then everything stays locked. */
  readonly dave: () => DaveState | undefined;
  /** Who is in the call. */
  readonly members: () => Iterable<string>;
};

/** Held frames tried per tick: 12,800 a second, so that a minute of 25 people's speech stalls neither socket nor queue. */
const ATTEMPTS_PER_TICK = 256;
/** The same for frames of unknown senders, which are tried with everybody's key. */
const TRIALS_PER_TICK = 16;

/**
 * Lives on the capture thread. What one voice connection received, from transport decryption to the segments: numbers
 * packets, opens their end-to-end encryption, holds what cannot be opened yet. Is told the time.
 */
export class MediaIntake {
  readonly #options: MediaIntakeOptions;
  readonly #senders: SenderTable;
  readonly #hold = new HoldQueue<Segment, MediaPacket>(
    (segment, packet) => segment.expire(packet),
    (packet) => packet.sequence,
  );
  #nowMs = 0;
  /** What is being tried; fields instead of closures made per packet. */
  #trying: Segment | undefined;
  readonly #retryOne = (packet: MediaPacket): Attempt =>
    this.#trying === undefined ? "waits" : this.#open(this.#trying, packet);

  constructor(options: MediaIntakeOptions) {
    this.#options = options;
    this.#senders = new SenderTable({ ...options, onClosing: (segment) => this.#onClosing(segment) });
  }

  /** Media received under SSRCs nobody has claimed so far. */
  get unclaimedPackets(): number {
    let packets = 0;
    for (const segment of this.#senders.segments)
      if (segment.track === undefined) packets += segment.ledger.received;
    return packets;
  }

  /** Packets that wait for a key or a mapping. */
  get heldPackets(): number {
    return this.#hold.length;
  }

  /**
   * The hot path: takes a datagram's payload as transport decryption gave it, undefined where that failed.
   *
   * @param position its arrival on the recording's clock, in samples
   */
  receive(header: RtpHeader, payload: Buffer | undefined, nowMs: number, position: number): void {
    const segment = payload === undefined ? this.#senders.get(header.ssrc) : this.#senders.open(header.ssrc);
    if (segment === undefined) {
      this.#options.counts.unattributed++;
      return;
    }
    if (payload === undefined) {
      segment.ledger.admit();
      segment.ledger.settle("forged");
      return;
    }
    const packet = segment.number(header, mediaOf(payload, header), position);
    if (packet === undefined) return;
    this.#nowMs = nowMs;
    const sealed = packet.nonce !== NO_NONCE;
    // What waits goes first: once a later frame has opened, an earlier one under the same key never does.
    const outcome = sealed && this.#hold.hasUntried(segment) ? "waits" : this.#open(segment, packet);
    if (outcome === "opened") return;
    if (outcome === "locked" && segment.track !== undefined) {
      segment.track.hearing.failed(nowMs);
      if (sealed) this.#options.keyWatch.failed(nowMs);
    }
    packet.held = true;
    const locked = outcome === "locked" && segment.track !== undefined;
    this.#hold.add(segment, packet, packet.media.length, nowMs, locked);
  }

  /** Takes what the voice gateway says of senders. */
  learn(news: SenderNews, nowMs: number): void {
    const claimed = this.#senders.learn(news, nowMs);
    if (claimed !== undefined) this.#hold.unlock(claimed);
  }

  /** Keys have changed, or what is allowed in clear: everything held is worth another attempt. */
  keysChanged(): void {
    this.#hold.unlock();
  }

  /** Opens what has become possible, places what is certain by now. Called every 20 ms. */
  tick(nowMs: number, position: number): void {
    this.#nowMs = nowMs;
    if (this.#hold.length > 0) {
      this.#identifySenders();
      let budget = ATTEMPTS_PER_TICK;
      for (const segment of this.#senders.segments) budget = this.#retry(segment, budget);
      this.#hold.prune(nowMs);
    }
    for (const segment of this.#senders.segments) segment.advance(position);
    this.#senders.closeDue(nowMs);
  }

  /** Places everything, gives up what is still locked. */
  close(): void {
    // Nobody will be late any more.
    this.#nowMs = Infinity;
    this.#senders.closeAll();
  }

  #open(segment: Segment, packet: MediaPacket): Attempt {
    const { track, order } = segment;
    const dave = this.#options.dave();
    if (track === undefined || dave === undefined) return "locked";
    const { sequence, nonce } = packet;
    const sealed = nonce !== NO_NONCE;
    if (sealed && !order.mayOpen(sequence, nonce, this.#nowMs)) return "waits";
    const opus = openMedia(packet.media, nonce, track.userId, dave);
    if (opus === undefined) return "locked";
    if (sealed) {
      order.opened(sequence, nonce);
      this.#options.keyWatch.opened();
    }
    segment.accept(packet, opus);
    if (!packet.silent) track.hearing.opened();
    return "opened";
  }

  #retry(segment: Segment, budget: number): number {
    if (segment.track === undefined) return budget;
    this.#trying = segment;
    return this.#hold.retry(segment, this.#retryOne, budget);
  }

  /** Lays segments that nobody announced to whoever's key opens them. */
  #identifySenders(): void {
    const dave = this.#options.dave();
    if (dave?.session?.ready !== true) return;
    let budget = TRIALS_PER_TICK;
    let candidates: ReadonlySet<string> | undefined;
    for (const segment of this.#senders.segments) {
      if (budget === 0) return;
      if (segment.track !== undefined || !this.#hold.hasUntried(segment)) continue;
      const everybody = (candidates ??= this.#candidates());
      budget = this.#hold.retry(
        segment,
        (packet) => {
          if (segment.track !== undefined) return "waits";
          if (packet.nonce === NO_NONCE) return "locked";
          if (!segment.order.mayOpen(packet.sequence, packet.nonce, this.#nowMs)) return "waits";
          const found = findSender(packet.media, packet.nonce, everybody, dave);
          if (found === undefined) return "locked";
          segment.order.opened(packet.sequence, packet.nonce);
          this.#senders.claim(segment, found.userId, this.#nowMs);
          segment.accept(packet, found.opus);
          return "opened";
        },
        budget,
      );
      // Silence and clear frames too have an owner now.
      if (segment.track !== undefined) this.#hold.unlock(segment);
    }
  }

  /** Everybody, those first who have no segment yet: an SSRC that changes without a word is the rarer case. */
  #candidates(): ReadonlySet<string> {
    const sending = new Set<string>();
    for (const { track } of this.#senders.segments) if (track !== undefined) sending.add(track.userId);
    const candidates = new Set<string>();
    for (const userId of this.#options.members()) if (!sending.has(userId)) candidates.add(userId);
    for (const userId of sending) candidates.add(userId);
    candidates.delete(this.#options.botUserId);
    return candidates;
  }

  #onClosing(segment: Segment): void {
    this.#retry(segment, Infinity);
    // What is given up then lies among what was heard.
    segment.advance(Infinity);
    this.#hold.abandon(segment);
    if (segment.track === undefined) this.#options.counts.unattributed += segment.ledger.received;
  }
}
