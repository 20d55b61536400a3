/** What a process costs, as the kernel counts it: all its threads, those of Node and V8 included. Linux only. */
import { readFileSync, readdirSync } from "node:fs";

export type Usage = {
  readonly cpuSeconds: number;
  /** Of threads with a name of their own; the others belong to Node and V8. */
  readonly byThread: ReadonlyMap<string, number>;
  /** Seconds for which the same threads could have run and had no core. */
  readonly waitingByThread: ReadonlyMap<string, number>;
};

/** Clock ticks per second of /proc (USER_HZ), the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Of a worker thread, and of the first thread. */
const NAMED = new Map([
  ["MainThread", "main"],
  ["capture", "capture"],
  ["writer", "writer"],
]);

export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the name in brackets, which may hold anything: utime and stime are the 14th and 15th field (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const byThread = new Map<string, number>();
  const waitingByThread = new Map<string, number>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const name = NAMED.get(readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim());
    if (name === undefined) continue;
    const [onCpuNs, waitingNs] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    add(byThread, name, Number(onCpuNs) / 1e9);
    add(waitingByThread, name, Number(waitingNs) / 1e9);
  }
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  return { cpuSeconds, byThread, waitingByThread };
}

/** The difference of two looks. */
export function usageBetween(before: Usage, after: Usage): Usage {
  return {
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    byThread: minus(after.byThread, before.byThread),
    waitingByThread: minus(after.waitingByThread, before.waitingByThread),
  };
}

function add(sums: Map<string, number>, name: string, seconds: number): void {
  sums.set(name, (sums.get(name) ?? 0) + seconds);
}

function minus(
  after: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  return new Map([...after].map(([name, seconds]) => [name, seconds - (before.get(name) ?? 0)]));
}

/** Resident memory, bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}

/** Looks at a process's memory every half second until told to stop. */
export class MemoryWatch {
  readonly #points: { readonly at: number; readonly value: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(
      () => this.#points.push({ at: performance.now(), value: residentBytes(pid) }),
      500,
    );
  }

  /** By time in milliseconds. */
  stop(): readonly { readonly at: number; readonly value: number }[] {
    clearInterval(this.#timer);
    return this.#points;
  }
}
