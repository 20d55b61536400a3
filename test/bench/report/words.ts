/** How figures are written. Pure. */
import type { Spread } from "../harness/statistics.ts";

export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}

/** The median, and in brackets what else there was. */
export function spread({ median, least, most }: Spread, digits: number): string {
  const [low, high] = [fixed(least, digits), fixed(most, digits)];
  return low === high ? low : `${fixed(median, digits)} (${low}–${high})`;
}

export function megabytes(bytes: number): string {
  return `${fixed(bytes / 1e6, 0)} MB`;
}

/** What is usual, what is rare, what is rarest. */
export function three(
  { p50, p99, p999 }: { readonly p50: number; readonly p99: number; readonly p999: number },
  digits: number,
): string {
  return [p50, p99, p999].map((value) => fixed(value, digits)).join(" / ");
}
