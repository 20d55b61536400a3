/** Programs without a network: the floor and the bare pipeline. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export type LibraryRun = { readonly packets: number; readonly cpuSeconds: number };

const run = promisify(execFile);

/** Decodes, copies and writes what so many speakers say in so many seconds; see `floor.ts` and `pipeline.ts`. */
export async function runLibrary(
  program: "floor" | "pipeline",
  speakers: number,
  seconds: number,
): Promise<LibraryRun> {
  const script = fileURLToPath(new URL(`../${program}.ts`, import.meta.url));
  const { stdout } = await run(process.execPath, [script, String(speakers), String(seconds)]);
  return JSON.parse(stdout) as LibraryRun;
}
