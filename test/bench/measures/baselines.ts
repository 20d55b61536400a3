/** What the cost of a program is held against: the same packets without a network. */
import { cFloorMissing, runCFloor } from "../harness/c-floor.ts";
import { runDecoding, runFloor, runPipeline } from "../harness/library-run.ts";

/** CPU seconds per minute of one speaker. */
export type Baselines = {
  /** Decode, copy and write in C; NaN where it cannot be built. */
  readonly cFloor: number;
  /** The same in Node. */
  readonly floor: number;
  /** Decoding alone, in Node. */
  readonly decoding: number;
  /** The recorder from segments to files, all threads. */
  readonly pipeline: number;
  /** Of that, the thread that decodes. */
  readonly pipelineDecodingThread: number;
};

export const PACKETS_PER_MINUTE = 3_000;
/** Of audio: these do not wait for it. A short recording, but not one that is mostly begun and ended: in 30 s that is a tenth. */
const SECONDS = 120;

/** One after the other, so that they do not disturb each other. */
export async function runBaselines(speakers: number): Promise<Baselines> {
  const inC = cFloorMissing() === undefined ? await runCFloor(speakers, SECONDS) : undefined;
  const floor = await runFloor(speakers, SECONDS);
  const decoding = await runDecoding(speakers, SECONDS);
  const pipeline = await runPipeline(speakers, SECONDS);
  return {
    cFloor: inC === undefined ? Number.NaN : perSpeakerMinute(inC.cpuSeconds, inC.packets),
    floor: perSpeakerMinute(floor.cpuSeconds, floor.packets),
    decoding: perSpeakerMinute(decoding.cpuSeconds, decoding.packets),
    pipeline: perSpeakerMinute(pipeline.cpuSeconds, pipeline.packets),
    pipelineDecodingThread: perSpeakerMinute(pipeline.decodingThreadSeconds, pipeline.packets),
  };
}

export function perSpeakerMinute(cpuSeconds: number, packets: number): number {
  return (cpuSeconds / packets) * PACKETS_PER_MINUTE;
}
