/** Programs without a network: the floor, its decoding alone, the bare pipeline, the queue, the queue when it is full. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { OverflowRun } from "../overflow.ts";
import type { Percentiles } from "../preload/figures.ts";
import { importing } from "./importing.ts";

export type LibraryRun = { readonly packets: number; readonly cpuSeconds: number };

export type PipelineRun = LibraryRun & {
  /** Of the above, what the thread used that decodes. */
  readonly decodingThreadSeconds: number;
};

export type PushRun = { readonly pushes: number; readonly us: Percentiles };

const run = promisify(execFile);

/** Decodes, copies and writes what so many speakers say in so many seconds; see `floor.ts`. */
export function runFloor(speakers: number, seconds: number): Promise<LibraryRun> {
  return outputOf<LibraryRun>("floor.ts", speakers, seconds);
}

/** Only decodes it. */
export function runDecoding(speakers: number, seconds: number): Promise<LibraryRun> {
  return outputOf<LibraryRun>("floor.ts", speakers, seconds, "decode");
}

/** Takes it from segments to files; see `pipeline.ts`. */
export function runPipeline(speakers: number, seconds: number): Promise<PipelineRun> {
  return outputOf<PipelineRun>("pipeline.ts", speakers, seconds);
}

/** Hands frames to another thread; see `push.ts`. */
export function runPush(way: "queue" | "message", speakers: number, seconds: number): Promise<PushRun> {
  return outputOf<PushRun>("push.ts", way, speakers, seconds);
}

/** Fills a queue of so few slots while the disk stalls, by this preload with this trigger; see `overflow.ts`. */
export async function runOverflow(
  speakers: number,
  slots: number,
  stalledDisk: URL,
  trigger: string,
): Promise<OverflowRun> {
  const words = [...importing([stalledDisk]), pathOf("overflow.ts"), String(speakers), String(slots)];
  const { stdout } = await run(process.execPath, words, { env: { ...process.env, BENCH_STALL: trigger } });
  return JSON.parse(stdout) as OverflowRun;
}

async function outputOf<Output>(program: string, ...words: readonly (string | number)[]): Promise<Output> {
  const { stdout } = await run(process.execPath, [pathOf(program), ...words.map(String)]);
  return JSON.parse(stdout) as Output;
}

function pathOf(program: string): string {
  return fileURLToPath(new URL(`../${program}`, import.meta.url));
}
