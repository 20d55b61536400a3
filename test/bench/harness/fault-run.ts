/** A run in which something goes wrong below the program. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { play } from "./run.ts";
import type { Outcome, Scene } from "./run.ts";

export type Faulty = Outcome & {
  /** What the fault held up: nothing where a program never does what it strikes. */
  readonly held: { readonly times: number; readonly longestMs: number };
};

export const PRELOADS = {
  BENCH_STALL: new URL("../preload/stalled-disk.ts", import.meta.url),
  BENCH_PAUSE: new URL("../preload/paused-main.ts", import.meta.url),
} as const;

/** The fault begins a second after people do, and lasts so long. */
export async function playWith(fault: keyof typeof PRELOADS, lastsMs: number, scene: Scene): Promise<Faulty> {
  const folder = mkdtempSync(join(tmpdir(), "bench-fault-"));
  const trigger = join(folder, "on");
  try {
    const outcome = await play({
      ...scene,
      preloads: [PRELOADS[fault]],
      environment: { [fault]: trigger },
      meanwhile: async () => {
        writeFileSync(trigger, "");
        await sleep(lastsMs);
        rmSync(trigger);
      },
    });
    const seen = `${trigger}.seen`;
    const held = existsSync(seen) ? readFileSync(seen, "utf8").trim().split("\n").map(Number) : [];
    return { ...outcome, held: { times: held.length, longestMs: Math.max(0, ...held) } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
