/** An intake with real segments, tracks and queue, fed packets at times of the test's choosing: no network, no clock. */
import assert from "node:assert/strict";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { KeyWatch } from "../../src/capture/key-watch.ts";
import { MediaIntake } from "../../src/capture/media-intake.ts";
import type { DaveState } from "../../src/capture/media-lock.ts";
import { emptyRtpHeader } from "../../src/capture/rtp.ts";
import { TrackAccount } from "../../src/capture/track-account.ts";
import { Track } from "../../src/capture/track.ts";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { balances } from "../../src/recordings/counts.ts";
import type { TrackCounts } from "../../src/recordings/counts.ts";

const TICK_MS = 20;
const SAMPLES_PER_MS = 48;
const codec = loadOpusCodec();

export class IntakeBench {
  readonly intake: MediaIntake;
  readonly counts: { unattributed: number } = { unattributed: 0 };
  /** What the intake sees of end-to-end encryption. */
  dave: DaveState | undefined = { protocolVersion: 0, session: undefined };
  members: readonly string[] = [];
  /** Positions of the frames that reached the queue, by user. */
  readonly positions = new Map<string, number[]>();
  nowMs = 0;
  readonly #tracks = new Map<string, Track>();
  readonly #producer: FrameProducer;
  readonly #consumer: FrameConsumer;
  readonly #header = emptyRtpHeader();

  constructor(botUserId = "1000") {
    const memory = createFrameQueueMemory(4_096);
    this.#producer = new FrameProducer(memory);
    this.#consumer = new FrameConsumer(memory);
    this.intake = new MediaIntake({
      channels: 1,
      codec,
      botUserId,
      counts: this.counts,
      keyWatch: new KeyWatch(),
      dave: () => this.dave,
      members: () => this.members,
      trackOf: (userId) => this.#trackOf(userId),
    });
  }

  /** A datagram whose transport decryption has succeeded, now. */
  receive(ssrc: number, sequence: number, timestamp: number, payload: Buffer): void {
    const header = this.#header;
    header.ssrc = ssrc;
    header.sequence = sequence & 0xffff;
    header.timestamp = timestamp >>> 0;
    this.intake.receive(header, payload, this.nowMs, this.nowMs * SAMPLES_PER_MS);
  }

  /** Lets time pass, in ticks. */
  pass(durationMs: number): void {
    for (const endMs = this.nowMs + durationMs; this.nowMs < endMs;) {
      this.nowMs += TICK_MS;
      this.tick();
    }
  }

  tick(): void {
    this.intake.tick(this.nowMs, this.nowMs * SAMPLES_PER_MS);
    this.#drain();
  }

  close(): void {
    this.intake.close();
    this.#drain();
  }

  /** A person's books, which must balance. */
  countsOf(userId: string): TrackCounts {
    const track = this.#tracks.get(userId);
    assert.ok(track, `${userId} has a track`);
    const { counts } = track.account.snapshot();
    assert.ok(balances(counts), JSON.stringify(counts));
    return counts;
  }

  #trackOf(userId: string): Track {
    let track = this.#tracks.get(userId);
    if (track === undefined) {
      const onHeard = (who: Track): void => void (who.account.track = this.positions.set(userId, []).size);
      track = new Track(TrackAccount.open(userId), {
        producer: this.#producer,
        handle: 1,
        channels: 1,
        onHeard,
      });
      this.#tracks.set(userId, track);
    }
    return track;
  }

  #drain(): void {
    for (let frame = this.#consumer.peek(); frame !== undefined; frame = this.#consumer.peek()) {
      this.positions.get(String(frame.userId))?.push(frame.position);
      this.#consumer.release();
    }
  }
}
