/** Programs without a network: the floor, its decoding alone, and the bare pipeline. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type LibraryRun = { readonly packets: number; readonly cpuSeconds: number };

export type PipelineRun = LibraryRun & {
  /** Of the above, what the thread used that decodes. */
  readonly decodingThreadSeconds: number;
};

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

async function outputOf<Output>(program: string, ...words: readonly (string | number)[]): Promise<Output> {
  const script = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const { stdout } = await run(process.execPath, [script, ...words.map(String)]);
  return JSON.parse(stdout) as Output;
}
