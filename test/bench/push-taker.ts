/** The other end of `push.ts`: takes frames, copies each into a block as a writer would, and counts them. */
import { parentPort, workerData } from "node:worker_threads";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import type { FrameQueueMemory } from "../../src/queue/frame-queue.ts";

export type TakerData = {
  readonly way: "queue" | "message";
  /** Frames taken so far. */
  readonly taken: Int32Array<SharedArrayBuffer>;
  readonly memory: FrameQueueMemory;
};

/** As the recorder's writer. */
const POLL_MS = 20;
const block = Buffer.alloc(61_440);

const { way, taken, memory } = workerData as TakerData;
if (way === "message") {
  parentPort?.on("message", ({ pcm }: { readonly pcm: Uint8Array }) => {
    block.set(pcm);
    Atomics.add(taken, 0, 1);
  });
} else {
  const consumer = new FrameConsumer(memory);
  for (;;) {
    for (let frame = consumer.peek(); frame !== undefined; frame = consumer.peek()) {
      frame.copyTo(block, 0, 0, frame.byteLength);
      consumer.release();
      Atomics.add(taken, 0, 1);
    }
    consumer.wait(POLL_MS);
  }
}
