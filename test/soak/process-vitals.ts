/** What a process holds, as the kernel and its own metrics say. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { BotProcess } from "../support/bot-process.ts";

export type Vitals = {
  readonly atMs: number;
  /** Resident memory of the whole process, all threads. */
  readonly rssBytes: number;
  /** JavaScript heap in use on the main thread. */
  readonly heapBytes: number;
  /** Without the tracks: each person's is opened when they are heard for the first time. */
  readonly fileDescriptors: number;
};

/** Looks once. Linux only. */
export async function vitalsOf(bot: BotProcess): Promise<Vitals> {
  // Before the metrics are asked for: the bot may close that connection some time after we have read all of it.
  const fileDescriptors = openFiles(bot.pid).filter((name) => !name.endsWith(".wav")).length;
  const response = await fetch(`${bot.baseUrl}/metrics`, { headers: { connection: "close" } });
  const heap = /^nodejs_heap_size_used_bytes(?:\{\S*\})? (\S+)$/m.exec(await response.text())?.[1];
  const rssKib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${bot.pid}/status`, "utf8"))?.[1];
  return {
    atMs: performance.now(),
    rssBytes: Number(rssKib) * 1024,
    heapBytes: Number(heap),
    fileDescriptors,
  };
}

function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((descriptor) => {
    try {
      return [readlinkSync(`${folder}/${descriptor}`)];
    } catch {
      return []; // closed since it was listed
    }
  });
}

/** The middle one; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
