/**
 * What a full queue does to a recording. `node --import …/stalled-disk.ts test/bench/overflow.ts <speakers> <slots>`, BENCH_STALL
 * set: records three minutes twice, once with room for everything, once with so few slots and a disk that answers nobody
 * for the second minute; then compares the files sample by sample and prints what differs, as JSON.
 */
import { rmSync, writeFileSync } from "node:fs";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { queueLevels } from "../../src/queue/frame-queue.ts";
import { record } from "../accuracy/recorded.ts";
import type { Recorded, RecordOptions } from "../accuracy/recorded.ts";
import { decodeWithSox } from "../support/wav-readers.ts";
import { WriterSetup } from "../writer/recording-setup.ts";
import { arrivalsOf } from "./harness/arrivals.ts";

/** A frame that the queue refused. */
type Refused = { readonly track: number; readonly position: number; readonly samples: number };

export type OverflowRun = {
  readonly frames: number;
  readonly refusedFrames: number;
  /** By the queue's own count, and by the tracks' books. */
  readonly countedFrames: number;
  readonly bookedPackets: number;
  readonly refusedSamples: number;
  readonly bookedSamples: number;
  /** Samples that are not what they should be: silence where a frame was refused, else what the other run has. */
  readonly wrongSamples: number;
  /** Samples of speech that were compared. */
  readonly comparedSamples: number;
};

const MINUTES = 3;
const ROOMY_SLOTS = 16_384;

const [speakers = 10, slots = 512] = process.argv.slice(2).map(Number);
const trigger = process.env["BENCH_STALL"];
if (trigger === undefined) throw new Error("BENCH_STALL is not set.");
const arrivals = [...(await arrivalsOf(speakers, MINUTES * 60))];

await using roomy = await WriterSetup.start({ slots: ROOMY_SLOTS });
const whole = await record(roomy, arrivals, speakers);

await using tight = await WriterSetup.start({ slots });
const refused: Refused[] = [];
const { producer } = tight;
const offer = producer.offer.bind(producer);
producer.offer = (...frame) => {
  const accepted = offer(...frame);
  const [, track, , channels, position, , , byteLength] = frame;
  if (!accepted) refused.push({ track, position, samples: byteLength / (2 * channels) });
  return accepted;
};
const stalling: RecordOptions = {
  onMinute: async (minute) => {
    if (minute === 1) writeFileSync(trigger, "");
    if (minute === 2) rmSync(trigger);
  },
};
const holed = await record(tight, arrivals, speakers, stalling);

const expected = whole.files.map((file) => decodeWithSox(file));
for (const { track, position, samples } of refused)
  expected[track - 1]?.fill(0, position, position + samples);
const sum = (pick: (counts: Recorded["counts"][number]) => number): number =>
  holed.counts.reduce((total, counts) => total + pick(counts), 0);
const run: OverflowRun = {
  frames: arrivals.length,
  refusedFrames: refused.length,
  countedFrames: queueLevels(tight.memory).refusedFrames,
  bookedPackets: sum(({ dropped }) => dropped),
  refusedSamples: refused.reduce((total, { samples }) => total + samples, 0),
  bookedSamples: sum(({ droppedSamples }) => droppedSamples),
  wrongSamples: holed.files.reduce(
    (total, file, index) => total + differing(decodeWithSox(file), expected[index]),
    0,
  ),
  comparedSamples: (arrivals.length - refused.length) * FRAME_SAMPLES,
};
console.log(JSON.stringify(run));

function differing(samples: Int16Array, wanted: Int16Array = new Int16Array()): number {
  const length = Math.max(samples.length, wanted.length);
  let count = 0;
  for (let at = 0; at < length; at++) if (samples[at] !== wanted[at]) count++;
  return count;
}
