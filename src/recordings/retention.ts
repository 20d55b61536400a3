/** How long recordings are kept: their links, their page and their files end at the same instant. Pure. */
import type { Manifest } from "./manifest.ts";

const SECONDS_PER_DAY = 86_400;
export const MS_PER_DAY = 1000 * SECONDS_PER_DAY;

/** When a recording expires, in Unix seconds. */
export function expiryOf(startedAtMs: number, retentionDays: number): number {
  return Math.floor(startedAtMs / 1000) + retentionDays * SECONDS_PER_DAY;
}

/** Whether a recording has been kept long enough; false where it never began. Only one that is over may be deleted. */
export function hasExpired(
  manifest: Pick<Manifest, "startedAtMs" | "endedAtMs">,
  retentionDays: number,
  nowMs: number,
): boolean {
  const begunAtMs = manifest.startedAtMs ?? manifest.endedAtMs;
  return begunAtMs !== undefined && nowMs >= expiryOf(begunAtMs, retentionDays) * 1000;
}
