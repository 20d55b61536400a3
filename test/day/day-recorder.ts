/**
 * Records a day faster than it passes, in a process of its own so that its memory is the pipeline's alone, on a thread
 * with the limits of the capture thread: `node --expose-gc day-recorder.ts <folder> <minutes> <seed>`. Leaves a report.
 *
 * What is read of memory is what is resident when this thread's garbage has been collected and the queue is empty. Ten
 * minutes of the recording are a second or two here: what a process takes in its first minutes of life, such as compiled
 * code, is taken later in this recording, so growth is rather over- than understated.
 */
import { once } from "node:events";
import * as fs from "node:fs";
import { join } from "node:path";
import { isMainThread, Worker } from "node:worker_threads";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { CAPTURE_LIMITS } from "../../src/capture/capture-host.ts";
import { record } from "../accuracy/recorded.ts";
import { WriterSetup } from "../writer/recording-setup.ts";
import { isReadAt, REPORT_FILE } from "./day-report.ts";
import type { DayReport, Reading } from "./day-report.ts";
import { PEOPLE, talkingDay } from "./talking-day.ts";

function read(minute: number): Reading {
  if (gc === undefined) throw new Error("Garbage can be collected with --expose-gc only.");
  gc();
  return {
    minute,
    rssBytes: process.memoryUsage.rss(),
    fileDescriptors: fs.readdirSync("/proc/self/fd").length,
  };
}

async function recordDay(directory: string, minutes: number, seed: number): Promise<DayReport> {
  const startMs = performance.now();
  const { arrivals, deeds } = await talkingDay(minutes, seed);
  const setup = await WriterSetup.start({ directory });
  const readings: Reading[] = [];
  const recorded = await record(setup, arrivals, PEOPLE, {
    lengthSamples: minutes * 60 * SAMPLE_RATE,
    onMinute: async (minute) => {
      if (!isReadAt(minute)) return;
      await setup.drained();
      readings.push(read(minute));
    },
  });
  await setup.writer.close();
  return { ...recorded, deeds, readings, wallMs: performance.now() - startMs };
}

const [directory = "", minutes, seed] = process.argv.slice(2);
if (isMainThread) {
  const argv = process.argv.slice(2);
  const recorder = new Worker(new URL(import.meta.url), { argv, resourceLimits: CAPTURE_LIMITS });
  await once(recorder, "exit");
} else {
  const report = await recordDay(directory, Number(minutes), Number(seed));
  fs.writeFileSync(join(directory, REPORT_FILE), JSON.stringify(report));
}
