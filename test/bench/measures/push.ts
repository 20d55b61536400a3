/** What one push to another thread keeps the thread that listens: the recorder's queue beside a message per frame. */
import { runPush } from "../harness/library-run.ts";
import type { PushRun } from "../harness/library-run.ts";
import { ratiosOf, spreadOf } from "../harness/statistics.ts";
import type { Spread } from "../harness/statistics.ts";
import { atLeast } from "../report/target.ts";
import type { Target } from "../report/target.ts";
import type { Table } from "../report/table.ts";
import { fixed, spread } from "../report/words.ts";

export type Push = {
  readonly speakers: number;
  readonly rounds: number;
  readonly queue: PushSpreads;
  readonly message: PushSpreads;
  /** How many times as long a message takes, of the same round. */
  readonly p99Ratio: Spread;
};

/** Microseconds. */
export type PushSpreads = { readonly p50: Spread; readonly p99: Spread; readonly p999: Spread };

export async function measurePush(speakers: number, seconds: number, rounds: number): Promise<Push> {
  const queue: PushRun[] = [];
  const message: PushRun[] = [];
  for (let round = 0; round < rounds; round++) {
    queue.push(await runPush("queue", speakers, seconds));
    message.push(await runPush("message", speakers, seconds));
  }
  const p99s = (runs: readonly PushRun[]): number[] => runs.map(({ us }) => us.p99);
  return {
    speakers,
    rounds,
    queue: spreadsOf(queue),
    message: spreadsOf(message),
    p99Ratio: spreadOf(ratiosOf(p99s(message), p99s(queue))),
  };
}

function spreadsOf(runs: readonly PushRun[]): PushSpreads {
  return {
    p50: spreadOf(runs.map(({ us }) => us.p50)),
    p99: spreadOf(runs.map(({ us }) => us.p99)),
    p999: spreadOf(runs.map(({ us }) => us.p999)),
  };
}

export function pushTargets({ p99Ratio }: Push): Target[] {
  return [atLeast("handing over a frame, p99: message ÷ queue", p99Ratio.median, 5)];
}

export function pushTable({ speakers, rounds, queue, message, p99Ratio }: Push): Table {
  const row = (name: string, { p50, p99, p999 }: PushSpreads): string[] => [
    name,
    ...[p50, p99, p999].map((one) => spread(one, 2)),
  ];
  return {
    title: `Handing one frame to another thread, ${speakers} speakers, µs, median of ${rounds} (least–most)`,
    columns: ["", "p50", "p99", "p99.9"],
    rows: [row("this recorder's queue", queue), row("a message per frame, copied", message)],
    notes: [`At p99 the message takes ${fixed(p99Ratio.median, 1)} times as long.`],
  };
}
