/** Folders as a killed process leaves them: written by the real writer, which then simply stops. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Channels } from "../../../src/audio/pcm.ts";
import { FRAME_SAMPLES } from "../../../src/audio/pcm.ts";
import { FrameConsumer } from "../../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../../src/queue/frame-queue.ts";
import type { RecordingEvent } from "../../../src/recordings/events.ts";
import type { Manifest } from "../../../src/recordings/manifest.ts";
import { manifestSchema } from "../../../src/recordings/manifest.ts";
import { newRecordingId } from "../../../src/recordings/recording-id.ts";
import type { LeftRecording } from "../../../src/recordings/recovery-stage.ts";
import { RecordingFiles } from "../../../src/writer/recording-files.ts";
import { manifestOf, pcmOf, STARTED_AT_MS } from "../recording-setup.ts";

export type Speech = { readonly track: number; readonly position: number; readonly frames: number };

export type LeftOptions = {
  readonly channels?: Channels;
  readonly speech?: readonly Speech[];
  /** What the last manifest knew; users are 1000 + track. */
  readonly known?: Manifest["tracks"];
  readonly names?: Readonly<Record<number, string>>;
  readonly events?: readonly RecordingEvent[];
  readonly changes?: Partial<Manifest>;
};

export const STARTED = { atMs: STARTED_AT_MS, position: 0, kind: "started" } as const;

/** A `DATA_DIR` that goes away with the test. */
export class LeftBehind {
  readonly dataDirectory = fs.mkdtempSync(path.join(os.tmpdir(), "recovery-"));
  readonly recordingsDirectory = path.join(this.dataDirectory, "recordings");

  constructor() {
    fs.mkdirSync(this.recordingsDirectory);
  }

  /** Records so much and stops in the middle: blocks are on the disk, nothing is finished. */
  record(options: LeftOptions = {}): LeftRecording {
    const { channels = 1, speech = [], known = [], names = {}, events = [STARTED], changes = {} } = options;
    const id = newRecordingId();
    const directory = path.join(this.recordingsDirectory, id);
    const manifest = { ...manifestOf(id, channels, known), ...changes };
    const files = new RecordingFiles(
      {
        handle: 1,
        directory,
        channels,
        startedAtMs: STARTED_AT_MS,
        manifest,
      },
      0,
    );
    const memory = createFrameQueueMemory(64);
    const producer = new FrameProducer(memory);
    const consumer = new FrameConsumer(memory);
    for (const { track, position, frames } of speech) {
      for (let frame = 0; frame < frames; frame++) {
        const at = position + frame * FRAME_SAMPLES;
        const pcm = pcmOf(track, channels, at);
        producer.offer(1, track, BigInt(100_000 + track), channels, at, pcm, 0, pcm.byteLength);
        const taken = consumer.peek();
        if (taken === undefined) throw new Error("the queue gave nothing back");
        files.write(taken, 0);
        consumer.release();
      }
    }
    for (const [track, name] of Object.entries(names)) files.nameTrack(Number(track), name);
    for (const event of events) files.recordEvent(event);
    // Writes the last blocks and lets go; finishes nothing.
    void files.release();
    return this.left(id);
  }

  left(id: string, known?: Manifest): LeftRecording {
    const directory = path.join(this.recordingsDirectory, id);
    return { id, directory, quarantineDirectory: path.join(this.dataDirectory, "quarantine"), known };
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.dataDirectory, { recursive: true, force: true });
  }
}

export function manifestIn({ directory }: LeftRecording): Manifest {
  return manifestSchema.parse(JSON.parse(fs.readFileSync(path.join(directory, "recording.json"), "utf8")));
}

export function trackPath({ directory }: LeftRecording, file: string): string {
  return path.join(directory, "tracks", file);
}

export function filesOf({ directory }: LeftRecording): string[] {
  return Object.keys(digestsOf(directory)).sort();
}

/** Digest of every file below a folder, by its path there. */
export function digestsOf(directory: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const entry of fs.readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    found[path.relative(directory, file)] = createHash("sha256").update(fs.readFileSync(file)).digest("hex");
  }
  return found;
}
