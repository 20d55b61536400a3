/** Worker: offers the numbered frames `from` to `to`, retrying refused ones after a breath, then ends. */
import { workerData } from "node:worker_threads";
import type { FrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { offerNumbered } from "./numbered-frames.ts";

const { memory, from, to } = workerData as { memory: FrameQueueMemory; from: number; to: number };
const producer = new FrameProducer(memory);
const breath = new Int32Array(new SharedArrayBuffer(4));
for (let number = from; number < to; number++) {
  while (!offerNumbered(producer, number)) Atomics.wait(breath, 0, 0, 1);
}
