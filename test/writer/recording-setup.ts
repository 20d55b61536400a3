/** A running writer thread on a fresh folder, with the frames and manifests that tests feed it. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Channels } from "../../src/audio/pcm.ts";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { createLog } from "../../src/log.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import type { WriterEvent } from "../../src/recordings/stages.ts";
import { WriterThread } from "../../src/writer/writer-thread.ts";

export const STARTED_AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function manifestOf(id: string, channels: Channels, tracks: Manifest["tracks"] = []): Manifest {
  return {
    version: 1,
    id,
    state: "recording",
    title: "Élan & “friends” <1>",
    guild: { id: "1", name: "Gilde" },
    channel: { id: "2", name: "général" },
    startedBy: { id: "3", name: "Zoë" },
    channels,
    sampleRate: 48_000,
    startedAtMs: STARTED_AT_MS,
    tracks,
  };
}

/** A value for each sample of each track, never 0, so that silence and speech cannot be confused. */
export function sampleAt(track: number, position: number, channel: number): number {
  const value = ((position * 37 + track * 4_001 + channel * 911) << 16) >> 16;
  return value === 0 ? 1 : value;
}

/** Interleaved samples of `[position, position + samples)` of a track. */
export function pcmOf(
  track: number,
  channels: Channels,
  position: number,
  samples = FRAME_SAMPLES,
): Uint8Array {
  const values = new Int16Array(samples * channels);
  for (let index = 0; index < values.length; index++) {
    values[index] = sampleAt(track, position + Math.floor(index / channels), index % channels);
  }
  return new Uint8Array(values.buffer);
}

export class WriterSetup {
  readonly directory: string;
  readonly memory;
  readonly producer: FrameProducer;
  readonly events: WriterEvent[] = [];
  readonly writer: WriterThread;

  private constructor(
    directory: string,
    memory: ReturnType<typeof createFrameQueueMemory>,
    writer: WriterThread,
  ) {
    this.directory = directory;
    this.memory = memory;
    this.producer = new FrameProducer(memory);
    this.writer = writer;
    writer.onEvent((event) => this.events.push(event));
  }

  static async start(options: { slots?: number; directory?: string } = {}): Promise<WriterSetup> {
    const directory = options.directory ?? fs.mkdtempSync(path.join(os.tmpdir(), "writer-test-"));
    const memory = createFrameQueueMemory(options.slots ?? 16_384);
    const writer = await WriterThread.start({ memory, log: createLog("silent", "test"), logLevel: "silent" });
    return new WriterSetup(directory, memory, writer);
  }

  /** The folder of the recording with this handle. */
  folder(handle: number): string {
    return path.join(this.directory, `recording-${handle}`);
  }

  async open(handle: number, channels: Channels, tracks: Manifest["tracks"] = []): Promise<void> {
    await this.writer.open({
      handle,
      directory: this.folder(handle),
      channels,
      startedAtMs: STARTED_AT_MS,
      manifest: manifestOf(`id-${handle}`, channels, tracks),
    });
  }

  /** Offers one frame of a track; throws when the queue is full. User ids are 1000 + track. */
  offer(handle: number, track: number, channels: Channels, position: number, samples = FRAME_SAMPLES): void {
    const pcm = pcmOf(track, channels, position, samples);
    const userId = BigInt(1000 + track);
    if (!this.producer.offer(handle, track, userId, channels, position, pcm, 0, pcm.byteLength)) {
      throw new Error(`The queue refused the frame at ${position}.`);
    }
  }

  /** Resolves once the writer has taken all frames; throws after 10 s. */
  async drained(): Promise<void> {
    await eventually(() => this.producer.queuedFrames === 0);
  }

  /** Ends the thread and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.close();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Waits until a condition holds; throws after 10 s. */
export async function eventually(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`It did not come to pass: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
