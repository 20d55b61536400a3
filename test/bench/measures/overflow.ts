/** Whether a full queue costs what it counts and nothing else. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PRELOADS } from "../harness/fault-run.ts";
import { runOverflow } from "../harness/library-run.ts";
import type { OverflowRun } from "../overflow.ts";
import type { Target } from "../report/target.ts";
import type { Table } from "../report/table.ts";
import { fixed } from "../report/words.ts";

export type Overflow = OverflowRun & {
  readonly speakers: number;
  readonly slots: number;
  /** For how long the disk held up an operation. */
  readonly heldMs: number;
};

export async function measureOverflow(speakers: number, slots: number): Promise<Overflow> {
  const folder = mkdtempSync(join(tmpdir(), "bench-overflow-"));
  const trigger = join(folder, "on");
  try {
    const found = await runOverflow(speakers, slots, PRELOADS.BENCH_STALL, trigger);
    const seen = `${trigger}.seen`;
    const held = existsSync(seen) ? readFileSync(seen, "utf8").trim().split("\n").map(Number) : [];
    return { speakers, slots, heldMs: Math.max(0, ...held), ...found };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function overflowTargets(found: Overflow): Target[] {
  const exact = overflowIsExact(found);
  const metric = "full queue: every refusal counted, everything else bit-exact";
  return [{ metric, measured: exact ? "yes" : "no", asked: "yes", kept: exact }];
}

/** Every refusal is in the books, the disk did stall, and every sample that was not refused is the one it should be. */
export function overflowIsExact(found: Overflow): boolean {
  const { heldMs, refusedFrames, countedFrames, bookedPackets, refusedSamples, bookedSamples, wrongSamples } =
    found;
  return (
    heldMs > 0 &&
    refusedFrames > 0 &&
    countedFrames === refusedFrames &&
    bookedPackets === refusedFrames &&
    bookedSamples === refusedSamples &&
    wrongSamples === 0
  );
}

export function overflowTable(found: Overflow): Table {
  const { speakers, slots, heldMs, frames, refusedFrames, bookedPackets, comparedSamples, wrongSamples } =
    found;
  return {
    title: `A queue of ${slots} frames before a stalled disk, ${speakers} people, three minutes at once`,
    columns: ["", ""],
    rows: [
      ["frames offered", String(frames)],
      ["refused, as the queue was full", String(refusedFrames)],
      ["counted as dropped", String(bookedPackets)],
      ["samples of the others compared with an undisturbed recording", String(comparedSamples)],
      [
        "of the whole files, samples that differ or are not silent where they should be",
        String(wrongSamples),
      ],
      ["an operation on the disk was held for", `${fixed(heldMs / 1_000, 2)} s`],
    ],
    notes: ["Faster than real time, so that 20 ms of the writer's sleep fill the queue too."],
  };
}
