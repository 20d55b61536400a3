import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JobRunner } from "../../src/jobs/job-runner.ts";
import { eventually } from "../support/wait.ts";
import { reaches } from "./contract/place.ts";

const script = fileURLToPath(new URL("runner-process.ts", import.meta.url));

/** A process of its own that works at the jobs; see `runner-process.ts`. */
export function spawnRunner(directory: string, redisUrl?: string): ChildProcess {
  const place = redisUrl === undefined ? [directory] : [directory, redisUrl];
  return spawn(process.execPath, [script, ...place], { stdio: ["ignore", "inherit", "inherit"] });
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** Kills a runner's process in the middle of its job, starts another, and finds what an undisturbed run leaves. */
export async function killInTheMiddle(
  client: JobRunner,
  directory: string,
  redisUrl?: string,
): Promise<void> {
  const id = await client.enqueue("finish", { recordingId: "r1" }, { attempts: 1 });
  const out = join(directory, "out");
  const first = spawnRunner(directory, redisUrl);
  try {
    await eventually("half of the job", () => sizeOf(out) > 1_000_000);
  } finally {
    await kill(first);
  }
  const half = sizeOf(out);
  assert.equal((await client.state(id))?.kind, "active", "nobody has noticed yet");
  const second = spawnRunner(directory, redisUrl);
  try {
    await reaches(client, id, "done");
  } finally {
    await kill(second);
  }
  const whole = Array.from({ length: 50 }, (_unused, piece) => `r1 ${piece} `.repeat(6_000)).join("");
  assert.ok(half < whole.length, "it was killed in the middle");
  assert.equal(readFileSync(out, "utf8"), whole);
  assert.equal(readFileSync(join(directory, "begins"), "utf8"), "1\n2\n");
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
