import { gapReport } from "../recordings/gap-report.ts";
import type { Manifest } from "../recordings/manifest.ts";
import { escapeText } from "./markdown.ts";

/** Lines about one person, and in all, before the rest is left to the page. */
const MAX_LINES_EACH = 3;
const MAX_LINES = 8;

/** Whether anything is missing, in lines for Discord: one that all is there, or one for each thing that is not. Pure. */
export function lossLines(manifest: Manifest): readonly string[] {
  const { complete, recording, tracks } = gapReport(manifest);
  const lines = recording.map(({ name, text }) => lineOf(name, text));
  let more = 0;
  for (const { name, missing } of tracks) {
    for (const { text } of missing.slice(0, MAX_LINES_EACH)) lines.push(lineOf(name, text));
    more += Math.max(0, missing.length - MAX_LINES_EACH);
  }
  if (complete) return tracks.length === 0 ? [] : [completeLine(manifest)];
  more += Math.max(0, lines.length - MAX_LINES);
  const shown = lines.slice(0, MAX_LINES);
  return more > 0 ? [...shown, `… and ${more} more; see the page.`] : shown;
}

function lineOf(name: string | undefined, text: string): string {
  return name === undefined ? `⚠️ ${text}` : `⚠️ ${escapeText(name)}: ${text}`;
}

function completeLine({ state, tracks }: Manifest): string {
  const repaired = tracks.some(({ counts }) => (counts?.concealedSamples ?? 0) > 0);
  const what = state === "finished" ? "Complete" : "Complete so far";
  const how = repaired ? "; some of it was repaired after packets were lost on the network" : "";
  return `✅ ${what}: nothing that was said is missing${how}.`;
}
