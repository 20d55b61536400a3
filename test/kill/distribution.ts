/** What many kills cost, in lines. */
import { PHASES } from "./kill-plan.ts";
import type { Outcome } from "./one-kill.ts";

/** Figures by what was hit, and of all. */
export function distribution(outcomes: readonly Outcome[]): readonly string[] {
  const fates = Object.entries(Object.groupBy(outcomes, ({ fate }) => fate));
  return [
    ...[...PHASES, "over" as const].map((hit) =>
      line(
        hit,
        outcomes.filter((outcome) => outcome.hit === hit),
      ),
    ),
    line("all", outcomes),
    `what became of them: ${fates.map(([fate, those]) => `${those?.length} ${fate}`).join(", ")}`,
    `moved on the track where it went on: ${figures(outcomes.flatMap(({ movedMs }) => movedMs))}`,
  ];
}

function line(what: string, outcomes: readonly Outcome[]): string {
  const lost = outcomes.flatMap(({ lostMs }) => lostMs);
  return `${what}: ${outcomes.length} kills, lost of each voice: ${figures(lost)}`;
}

/** Median, 95th percentile and maximum. */
function figures(values: readonly number[]): string {
  if (values.length === 0) return "nothing that was said";
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, max ${at(1)} ms (${values.length} voices)`;
}
