import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import type { FrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory, queueLevels, wakeConsumer } from "../../src/queue/frame-queue.ts";
import { HEAD_WORD, REFUSED_WORD, SLOT_BYTES, TAIL_WORD } from "../../src/queue/slot-layout.ts";
import { faultOfNumbered, offerNumbered } from "./numbered-frames.ts";

function startWorker(script: string, memory: FrameQueueMemory, from: number, to: number): Worker {
  return new Worker(new URL(script, import.meta.url), { workerData: { memory, from, to } });
}

/** Takes numbered frames on this thread and checks each. */
function takeNumbered(consumer: FrameConsumer, from: number, to: number): void {
  for (let number = from; number < to; number++) {
    const frame = consumer.peek();
    assert.ok(frame !== undefined, `frame ${number} is there`);
    assert.equal(faultOfNumbered(frame, number), undefined);
    consumer.release();
  }
}

test(
  "numbered frames cross two threads bit-exact: none lost, repeated or moved",
  { timeout: 180_000 },
  async () => {
    const memory = createFrameQueueMemory(64);
    const frames = 30_000;
    const consumer = startWorker("consumer-worker.ts", memory, 0, frames);
    const producer = startWorker("producer-worker.ts", memory, 0, frames);
    const producerEnd = once(producer, "exit");
    const [report] = await once(consumer, "message");
    assert.deepEqual(report, { fault: undefined, taken: frames });
    await producerEnd;
    assert.equal(queueLevels(memory).queuedFrames, 0);
  },
);

test("a frame offered to a full queue is refused and counted, and nothing accepted is touched", () => {
  const memory = createFrameQueueMemory(8);
  const producer = new FrameProducer(memory);
  const consumer = new FrameConsumer(memory);
  for (let number = 0; number < 8; number++) assert.ok(offerNumbered(producer, number));
  assert.equal(offerNumbered(producer, 8), false);
  assert.equal(offerNumbered(producer, 9), false);
  assert.deepEqual(queueLevels(memory), { queuedFrames: 8, refusedFrames: 2, highWaterFrames: 8 });
  takeNumbered(consumer, 0, 1);
  assert.ok(offerNumbered(producer, 8), "one slot came free");
  takeNumbered(consumer, 1, 9);
  assert.equal(consumer.peek(), undefined);
  consumer.release();
  assert.equal(queueLevels(memory).queuedFrames, 0, "a release without a frame takes nothing");
});

test("counters that wrap at 32 bits lose nothing, fences included", () => {
  const memory = createFrameQueueMemory(8);
  const control = new Int32Array(memory.control);
  const justBelow = 0x7fff_ffff - 10;
  control[TAIL_WORD] = justBelow;
  control[HEAD_WORD] = justBelow;
  control[REFUSED_WORD] = -1;
  const producer = new FrameProducer(memory);
  const consumer = new FrameConsumer(memory);
  for (let number = 0; number < 40; number += 4) {
    for (let ahead = 0; ahead < 4; ahead++) assert.ok(offerNumbered(producer, number + ahead));
    assert.equal(consumer.reached(producer.tail), false);
    assert.equal(producer.queuedFrames, 4);
    takeNumbered(consumer, number, number + 4);
    assert.ok(consumer.reached(producer.tail));
  }
  assert.ok(producer.tail < 0, "the counter did wrap");
  assert.equal(queueLevels(memory).highWaterFrames, 4);
  for (let number = 0; number < 9; number++) offerNumbered(producer, number);
  assert.equal(queueLevels(memory).refusedFrames, 0, "the count of refusals wraps to zero");
});

test(
  "a reader stopped for 5 s at ten speakers' rate loses nothing and then catches up",
  { timeout: 180_000 },
  async () => {
    const memory = createFrameQueueMemory(4096);
    const producer = new FrameProducer(memory);
    let number = 0;
    const started = performance.now();
    while (number < 2_500) {
      const due = Math.min(2_500, Math.floor(((performance.now() - started) / 20) * 10));
      while (number < due) assert.ok(offerNumbered(producer, number++));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(queueLevels(memory).queuedFrames, 2_500, "the reader did stand still");
    const consumer = startWorker("consumer-worker.ts", memory, 0, 3_000);
    while (number < 3_000) assert.ok(offerNumbered(producer, number++));
    const [report] = await once(consumer, "message");
    assert.deepEqual(report, { fault: undefined, taken: 3_000 });
    assert.equal(queueLevels(memory).refusedFrames, 0);
  },
);

test("a producer made anew goes on where its predecessor's thread ended, and no slot is lost", () => {
  const memory = createFrameQueueMemory(8);
  const consumer = new FrameConsumer(memory);
  let number = 0;
  let taken = 0;
  for (let life = 0; life < 20; life++) {
    const producer = new FrameProducer(memory);
    assert.equal(producer.queuedFrames, number - taken);
    // Leave a different number of frames behind in every life.
    while (number - taken < 3 + (life % 6)) assert.ok(offerNumbered(producer, number++));
    takeNumbered(consumer, taken, taken + 2);
    taken += 2;
  }
  const last = new FrameProducer(memory);
  while (offerNumbered(last, number)) number++;
  assert.equal(number - taken, 8, "all slots are still there");
  takeNumbered(consumer, taken, number);
});

test(
  "a producer thread killed in the middle of offering leaves whole frames and all slots",
  { timeout: 180_000 },
  async () => {
    const memory = createFrameQueueMemory(256);
    const consumer = new FrameConsumer(memory);
    let taken = 0;
    for (let life = 0; life < 3; life++) {
      const worker = startWorker("producer-worker.ts", memory, taken, 1_000_000);
      const enough = taken + 500;
      while (taken < enough) {
        if (consumer.peek() === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
        else takeNumbered(consumer, taken, ++taken);
      }
      await worker.terminate();
      const left = queueLevels(memory).queuedFrames;
      takeNumbered(consumer, taken, taken + left);
      taken += left;
    }
    const producer = new FrameProducer(memory);
    let fitted = 0;
    while (offerNumbered(producer, taken + fitted)) fitted++;
    assert.equal(fitted, 256);
  },
);

test("a consumer made anew gets the frame its predecessor had not released", () => {
  const memory = createFrameQueueMemory(8);
  const producer = new FrameProducer(memory);
  for (let number = 0; number < 4; number++) offerNumbered(producer, number);
  const first = new FrameConsumer(memory);
  takeNumbered(first, 0, 1);
  assert.ok(first.peek() !== undefined, "it dies while it holds frame 1");
  takeNumbered(new FrameConsumer(memory), 1, 4);
});

test("memory follows the most frames that ever waited", () => {
  const memory = createFrameQueueMemory(16_384);
  const rssBefore = process.memoryUsage.rss();
  const producer = new FrameProducer(memory);
  const consumer = new FrameConsumer(memory);
  for (let number = 0; number < 20_000; number += 100) {
    for (let ahead = 0; ahead < 100; ahead++) assert.ok(offerNumbered(producer, number + ahead));
    takeNumbered(consumer, number, number + 100);
  }
  assert.equal(queueLevels(memory).highWaterFrames, 100);
  const untouched = new Uint8Array(memory.slots, 101 * SLOT_BYTES);
  assert.ok(rssBefore > 0 && untouched.byteLength > 63_000_000);
  // 64 MB are reserved; 100 slots are 0.4 MB. The rest of the process may grow a little meanwhile.
  const grownBytes = process.memoryUsage.rss() - rssBefore;
  assert.ok(grownBytes < 40_000_000, `resident memory grew by ${grownBytes} bytes`);
});

test("a frame that fits no slot is the caller's mistake and takes no slot", () => {
  const memory = createFrameQueueMemory(2);
  const producer = new FrameProducer(memory);
  const pcm = new Uint8Array(4_000);
  assert.throws(() => producer.offer(1, 1, 1n, 1, 0, pcm, 0, 1_922), RangeError);
  assert.throws(() => producer.offer(1, 1, 1n, 2, 0, pcm, 0, 2), RangeError);
  assert.throws(() => producer.offer(1, 1, 1n, 1, 0, pcm, 3_990, 20), RangeError);
  assert.throws(() => createFrameQueueMemory(1_000), RangeError);
  assert.equal(queueLevels(memory).highWaterFrames, 0);
});

test("a wake-up sent just before the consumer sleeps is not lost", { timeout: 60_000 }, () => {
  const memory = createFrameQueueMemory(2);
  const consumer = new FrameConsumer(memory);
  wakeConsumer(memory);
  const started = performance.now();
  consumer.wait(10_000);
  assert.ok(performance.now() - started < 9_000, "it did not sleep the whole time");
  consumer.wait(1);
});
