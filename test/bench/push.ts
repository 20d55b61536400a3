/**
 * What it costs a thread to hand frames to another one: through the recorder's queue, or as a message that is copied.
 * `node test/bench/push.ts queue|message <speakers> <seconds>` prints how long one push takes, as JSON. Both sides do the
 * same otherwise: a frame of each speaker every 20 ms, as the recorder's tick has them, copied once by who takes it.
 */
import { createHistogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { percentiles } from "./preload/figures.ts";
import type { TakerData } from "./push-taker.ts";

const SLOTS = 16_384;
const WARM_UP_SECONDS = 2;
const FRAME_MS = 20;

const way = process.argv[2] === "message" ? "message" : "queue";
const [speakers = 100, seconds = 5] = process.argv.slice(3).map(Number);
const taken = new Int32Array(new SharedArrayBuffer(4));
const memory = createFrameQueueMemory(SLOTS);
const workerData: TakerData = { way, taken, memory };
const taker = new Worker(new URL("./push-taker.ts", import.meta.url), { workerData });
const producer = new FrameProducer(memory);
const frames = Array.from({ length: speakers }, (_, speaker) =>
  new Uint8Array(FRAME_SAMPLES * BYTES_PER_SAMPLE).fill(speaker + 1),
);
const histogram = createHistogram();

let pushed = 0;
const beganMs = performance.now();
for (let tick = 1; tick * FRAME_MS <= (WARM_UP_SECONDS + seconds) * 1_000; tick++) {
  await sleep(Math.max(0, beganMs + tick * FRAME_MS - performance.now()));
  const warm = tick * FRAME_MS > WARM_UP_SECONDS * 1_000;
  for (const [track, pcm] of frames.entries()) {
    const fromMs = performance.now();
    push(track, tick * FRAME_SAMPLES, pcm);
    if (warm) histogram.record(Math.max(1, Math.round((performance.now() - fromMs) * 1e6)));
    pushed++;
  }
}
while (Atomics.load(taken, 0) < pushed) await sleep(5);
await taker.terminate();
console.log(JSON.stringify({ pushes: histogram.count, us: percentiles(histogram, 1e3) }));

function push(track: number, position: number, pcm: Uint8Array): void {
  if (way === "message") taker.postMessage({ track, position, pcm });
  else if (!producer.offer(1, track, 1n, 1, position, pcm, 0, pcm.length))
    throw new Error("The queue is full.");
}
