import assert from "node:assert/strict";
import { ConnectionTap } from "../../src/capture/connection-tap.ts";
import type { DatagramCounts } from "../../src/capture/connection-tap.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { KeyWatch } from "../../src/capture/key-watch.ts";
import { TrackAccount } from "../../src/capture/track-account.ts";
import { Track } from "../../src/capture/track.ts";
import { createLog } from "../../src/log.ts";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { balances } from "../../src/recordings/counts.ts";
import type { TrackCounts } from "../../src/recordings/counts.ts";
import { BOT_ID } from "../simulator/voice/listening-bot.ts";

const QUEUE_SLOTS = 4_096;
const SAMPLES_PER_MS = 48;
/** What the timeline lets a packet be ahead of its arrival, and the longest packet there is: 5 s and 120 ms. */
const MAX_AHEAD_SAMPLES = 5.12 * 48_000;

/** Lets a tap, its tracks and its queue run as the capture thread does, and books what leaves the queue. */
export class TappedRecording {
  readonly counts: DatagramCounts = { datagrams: 0, notMedia: 0, unattributed: 0 };
  readonly tracks = new Map<string, Track>();
  /** Frames that left the queue, by user. */
  readonly packets = new Map<string, number>();
  readonly #startMs = performance.now();
  readonly #producer: FrameProducer;
  readonly #consumer: FrameConsumer;
  #tap: ConnectionTap | undefined;

  constructor() {
    const memory = createFrameQueueMemory(QUEUE_SLOTS);
    this.#producer = new FrameProducer(memory);
    this.#consumer = new FrameConsumer(memory);
  }

  listen(networking: ConstructorParameters<typeof ConnectionTap>[0]): void {
    this.#tap = new ConnectionTap(networking, {
      channels: 1,
      codec: loadOpusCodec(),
      botUserId: BOT_ID,
      counts: this.counts,
      log: createLog("silent", "test"),
      keyWatch: new KeyWatch(),
      onKeysLost: () => undefined, // nothing of what is sealed wrongly would open on another connection
      begun: () => true,
      positionAt: (ms) => this.#positionAt(ms),
      trackOf: (userId) => this.#trackOf(userId),
    });
  }

  get position(): number {
    return this.#positionAt(performance.now());
  }

  tick(): void {
    this.#tap?.tick(performance.now(), this.position);
    for (let frame = this.#consumer.peek(); frame !== undefined; frame = this.#consumer.peek()) {
      const userId = String(frame.userId);
      this.packets.set(userId, (this.packets.get(userId) ?? 0) + frame.packets);
      assert.ok(
        frame.position >= 0 && frame.position <= this.position + MAX_AHEAD_SAMPLES,
        `${frame.position}`,
      );
      this.#consumer.release();
    }
  }

  /** Ticks every 20 ms until disposed of. */
  run(): Disposable {
    const timer = setInterval(() => this.tick(), 20);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  close(): void {
    this.#tap?.close();
    this.tick();
  }

  countsOf(userId: string): TrackCounts {
    const counts = this.tracks.get(userId)?.account.snapshot().counts;
    assert.ok(counts, `${userId} is known`);
    assert.ok(balances(counts), JSON.stringify(counts));
    assert.equal(counts.held, 0);
    return counts;
  }

  #positionAt(ms: number): number {
    return (ms - this.#startMs) * SAMPLES_PER_MS;
  }

  #trackOf(userId: string): Track {
    let track = this.tracks.get(userId);
    if (track === undefined) {
      const { size } = this.tracks;
      track = new Track(TrackAccount.open(userId), {
        producer: this.#producer,
        handle: 1,
        channels: 1,
        onHeard: (heard) => {
          heard.account.track = size + 1;
        },
      });
      this.tracks.set(userId, track);
    }
    return track;
  }
}
