/** Worker: takes the numbered frames `from` to `to`, checks each bit, then reports the first fault. */
import { parentPort, workerData } from "node:worker_threads";
import type { FrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { faultOfNumbered } from "./numbered-frames.ts";

const { memory, from, to } = workerData as { memory: FrameQueueMemory; from: number; to: number };
const consumer = new FrameConsumer(memory);
const deadline = Date.now() + 120_000;
let fault: string | undefined;
let number = from;
while (number < to && fault === undefined) {
  const frame = consumer.peek();
  if (frame === undefined) {
    if (Date.now() > deadline) fault = `frame ${number} never came`;
    else consumer.wait(5);
    continue;
  }
  fault = faultOfNumbered(frame, number);
  consumer.release();
  number++;
}
parentPort?.postMessage({ fault, taken: number - from });
