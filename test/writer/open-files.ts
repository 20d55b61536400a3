import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { RecordingFiles } from "../../src/writer/recording-files.ts";
import { manifestOf, pcmOf, STARTED_AT_MS } from "./recording-setup.ts";

/** A recording's files on this thread, with a clock that the test sets. */
export function openFiles() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "writer-test-"));
  const memory = createFrameQueueMemory(64);
  const producer = new FrameProducer(memory);
  const consumer = new FrameConsumer(memory);
  const manifest = manifestOf("id", 1);
  const files = new RecordingFiles(
    { handle: 1, directory, channels: 1, startedAtMs: STARTED_AT_MS, manifest },
    0,
  );
  return {
    files,
    tracksDirectory: path.join(directory, "tracks"),
    write(track: number, position: number, nowMs: number, channels: 1 | 2 = 1): void {
      const pcm = pcmOf(track, channels, position);
      producer.offer(1, track, BigInt(track), channels, position, pcm, 0, pcm.byteLength);
      files.write(consumer.peek()!, nowMs);
      consumer.release();
    },
    [Symbol.dispose](): void {
      void files.release();
      fs.rmSync(directory, { recursive: true });
    },
  };
}
