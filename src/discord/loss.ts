import { balances } from "../recordings/counts.ts";
import type { TrackCounts } from "../recordings/counts.ts";
import type { Manifest } from "../recordings/manifest.ts";
import { escapeText } from "./markdown.ts";

/** What is missing from a recording, in words: pure. */

const REASONS: readonly (readonly [keyof TrackCounts, string])[] = [
  ["expired", "never decryptable"],
  ["late", "too late"],
  ["rejected", "damaged or forged"],
  ["dropped", "refused because the disk was too slow"],
];

/** Lines shown before the rest is left to the page. */
const MAX_LINES = 5;

/**
 * One line that all is there, or one for each thing that is not. Packets of 20 ms are what Discord sends; packets that
 * got lost on the network were never received, and what could be reconstructed of them is not missing.
 */
export function lossLines(manifest: Manifest): readonly string[] {
  const lines: string[] = [];
  for (const { name, counts } of manifest.tracks) {
    if (counts === undefined) continue;
    const lost = REASONS.filter(([key]) => counts[key] > 0).map(([key, why]) => `${counts[key]} ${why}`);
    if (lost.length > 0) lines.push(`⚠️ ${escapeText(name)}: missing ${packets(lost.join(", "))}.`);
    else if (!balances(counts)) lines.push(`⚠️ ${escapeText(name)}: the packet counts do not add up.`);
  }
  const unattributed = manifest.connection?.unattributed ?? 0;
  if (unattributed > 0) lines.push(`⚠️ ${unattributed} packets of unknown senders could not be used.`);
  if (lines.length === 0) return ["✅ Complete: everything received is in the tracks."];
  const more = lines.length - MAX_LINES;
  return more > 0 ? [...lines.slice(0, MAX_LINES), `… and ${more} more; see the page.`] : lines;
}

function packets(list: string): string {
  return `packets of 20 ms: ${list}`;
}
