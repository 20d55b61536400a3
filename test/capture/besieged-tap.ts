/** The tap of a real connection of the library, in a simulated call, under a flood of hostile datagrams. */
import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import tls from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { NetworkingStatusCode } from "@discordjs/voice";
import { ConnectionTap } from "../../src/capture/connection-tap.ts";
import type { DatagramCounts } from "../../src/capture/connection-tap.ts";
import { loadOpusCodec } from "../../src/capture/decoder.ts";
import { KeyWatch } from "../../src/capture/key-watch.ts";
import { TrackAccount } from "../../src/capture/track-account.ts";
import { Track } from "../../src/capture/track.ts";
import { createLog } from "../../src/log.ts";
import { FrameConsumer, FrameProducer, createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { balances } from "../../src/recordings/counts.ts";
import type { TrackCounts } from "../../src/recordings/counts.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { BOT_ID, CHANNEL_ID, GUILD_ID, joinAsBot } from "../simulator/voice/listening-bot.ts";
import { VoiceService } from "../simulator/voice/voice-service.ts";
import { eventually, sleep } from "../support/wait.ts";
import { HostileDatagrams } from "./hostile-datagrams.ts";

const QUEUE_SLOTS = 4_096;
/** So many datagrams in one turn of the event loop, then a tick, as after a long stall. */
const BATCH = 1_000;
const SAMPLES_PER_MS = 48;
/** What the timeline lets a packet be ahead of its arrival, and the longest packet there is: 5 s and 120 ms. */
const MAX_AHEAD_SAMPLES = 5.12 * 48_000;
/** Through the kernel: loopback keeps about as many, so they come in bites. */
const THROUGH_SOCKET = 2_000;
const BITE = 50;
/** Header and extension (20), frame (3), tag and nonce (20). */
const SILENCE_BYTES = 43;

/** Lets a tap, its tracks and its queue run as the capture thread does, and books what leaves the queue. */
class Recording {
  readonly counts: DatagramCounts = { datagrams: 0, notMedia: 0, unattributed: 0 };
  readonly tracks = new Map<string, Track>();
  /** Frames that left the queue, by user. */
  readonly frames = new Map<string, number>();
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
      position: () => this.position,
      trackOf: (userId) => this.#trackOf(userId),
    });
  }

  get position(): number {
    return (performance.now() - this.#startMs) * SAMPLES_PER_MS;
  }

  tick(): void {
    this.#tap?.tick(performance.now(), this.position);
    for (let frame = this.#consumer.peek(); frame !== undefined; frame = this.#consumer.peek()) {
      const userId = String(frame.userId);
      this.frames.set(userId, (this.frames.get(userId) ?? 0) + 1);
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

/** Bytes in use after a full collection. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

export type Siege = {
  readonly perDatagramUs: number;
  readonly longestTickMs: number;
  readonly grownBytes: number;
};

/**
 * Ann and Ben speak, then come `datagrams` hostile ones, while Ben says a word now and then. Hers is the SSRC under which the server itself
 * lies. Nothing may throw, everything is counted once, Ben is whole; where the call is end-to-end encrypted, none of it is audio.
 */
export async function besiege(dave: boolean, datagrams: number, seed: number): Promise<Siege> {
  await using service = await VoiceService.start({ dave });
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), service.caPem]);
  const seat = (number: number) =>
    service.seat({
      guildId: GUILD_ID,
      channelId: CHANNEL_ID,
      userId: String(500_000_000_000_000_000n + BigInt(number)),
    });
  const [ann, ben] = [await seat(1), await seat(2)];
  using bot = await joinAsBot(service);
  assert.ok("networking" in bot.connection.state);
  const { networking } = bot.connection.state;
  const { state } = networking;
  assert.ok(state.code === NetworkingStatusCode.Ready && state.connectionData.secretKey);
  const key: KeyObject = createSecretKey(state.connectionData.secretKey);
  // The library's own receive path ends the process at a datagram of nine bytes; the recorder switches it off as well.
  state.udp.removeAllListeners("message");
  const recording = new Recording();
  recording.listen(networking);
  const honest: Buffer[] = [];
  const collect = (datagram: Buffer): void => void honest.push(Buffer.from(datagram));
  state.udp.on("message", collect);
  await service.encryptionSettled(GUILD_ID, CHANNEL_ID);
  using _ticking = recording.run();
  await Promise.all([ann, ben].map((person) => person.say(toneSpeech(440, 1))));
  await eventually("both came", () => honest.length >= ann.sent.length + ben.sent.length);
  await sleep(400); // the look-ahead
  state.udp.off("message", collect);

  // Silence frames are in clear in every call: repeated long after, they open, and are silence.
  const speech = honest.filter((datagram) => datagram.length > SILENCE_BYTES);
  const hostile = new HostileDatagrams(seed, speech, { key, ssrc: ann.ssrc });
  let media = 0;
  const arrivedBefore = recording.counts.datagrams;
  const before = usedBytes();
  const startMs = performance.now();
  let longestTickMs = 0;
  const flood = new AbortController();
  // Words now and then: speech that opens is why the recorder does not take the flood for lost keys.
  const words = (async () => {
    while (!flood.signal.aborted) {
      await ben.say(toneSpeech(440, 0.4));
      await sleep(1_500);
    }
  })();
  for (let sent = 0; sent < datagrams; sent++) {
    const datagram = hostile.next();
    if (HostileDatagrams.isMedia(datagram)) media++;
    if (sent < THROUGH_SOCKET) {
      service.injectRaw(BOT_ID, datagram);
      const arrived = arrivedBefore + sent + 1;
      if (sent % BITE === BITE - 1)
        await eventually("the bite arrives", () => recording.counts.datagrams >= arrived);
      continue;
    }
    state.udp.emit("message", datagram);
    if (sent % BATCH > 0) continue;
    const tickMs = performance.now();
    recording.tick();
    longestTickMs = Math.max(longestTickMs, performance.now() - tickMs);
    await new Promise(setImmediate);
  }
  const spentMs = performance.now() - startMs;
  const grownBytes = usedBytes() - before;

  flood.abort();
  await words;
  const total = ann.sent.length + ben.sent.length + datagrams;
  await eventually("all came", () => recording.counts.datagrams >= total);
  await sleep(400);
  recording.close();

  const context = `seed ${seed}: ${JSON.stringify(recording.counts)}`;
  const [anns, bens] = [recording.countsOf(ann.userId), recording.countsOf(ben.userId)];
  const { notMedia, unattributed } = recording.counts;
  // Besides, the server answers the library's keep-alives, one in 5 s.
  const echoes = recording.counts.datagrams - total;
  assert.ok(echoes <= 2 + performance.now() / 5_000, context);
  assert.equal(notMedia, datagrams - media + echoes, context);
  const honestMedia = ann.sent.length + ben.sent.length;
  assert.equal(anns.received + bens.received + unattributed, honestMedia + media, context);
  assert.equal(bens.written, ben.sent.length, `Ben: ${context} ${JSON.stringify(bens)}`);
  assert.ok(bens.forged > 0 && anns.forged > 0 && anns.malformed > 0 && unattributed > 0, context);
  assert.equal(recording.frames.get(ben.userId), ben.sent.length, context);
  if (dave) {
    assert.equal(anns.written, ann.sent.length, `Ann: ${context} ${JSON.stringify(anns)}`);
    assert.equal(recording.frames.get(ann.userId), ann.sent.length, context);
    assert.ok(anns.expired > 0, context);
  } else {
    assert.ok(anns.undecodable > 0, `hostile Opus reached the decoder: ${context}`);
  }
  assert.deepEqual(service.problems, []);
  return { perDatagramUs: (spentMs * 1000) / datagrams, longestTickMs, grownBytes };
}
