import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameConsumer } from "../../src/queue/frame-consumer.ts";
import { FrameProducer } from "../../src/queue/frame-producer.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import { SampleBlock } from "../../src/writer/sample-block.ts";
import { SeededRandom } from "../capture/seeded-random.ts";

test("a block's peak is the loudest of exactly its samples, whatever it held before", (context) => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 32));
  context.diagnostic(`SEED=${seed}`);
  const numbers = new SeededRandom(seed);
  const random = (): number => numbers.next();
  const memory = createFrameQueueMemory(2);
  const producer = new FrameProducer(memory);
  const consumer = new FrameConsumer(memory);
  const block = new SampleBlock();
  for (let round = 0; round < 2_000; round++) {
    const loudness = 2 ** (1 + random() * 15);
    const samples = Int16Array.from({ length: 1 + Math.floor(random() * 100) }, () =>
      Math.floor((random() * 2 - 1) * loudness),
    );
    const pcm = new Uint8Array(samples.buffer);
    assert.ok(producer.offer(1, 1, 1n, 1, 0, pcm, 0, pcm.length));
    const frame = consumer.peek() ?? assert.fail();
    block.take(frame, 0, 0, 0);
    consumer.release();
    const before = Math.floor(random() * loudness);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), before);
    assert.equal(block.peak(before), loudest, `${before} ${samples.join(" ")}`);
    block.clear();
  }
});
