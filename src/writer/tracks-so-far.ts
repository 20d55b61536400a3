/** What an earlier writer told of its tracks in `recording.json`: the main thread's copy lacks it while they are open. */
import * as fs from "node:fs";
import { fieldsOf, isCount } from "../outside-data.ts";
import type { TrackSoFar } from "./track-file.ts";

/** By track number; nothing where the manifest cannot be read. As old as the last checkpoint, some 10 s. */
export function readTracksSoFar(manifestFile: string): ReadonlyMap<number, TrackSoFar> {
  const soFar = new Map<number, TrackSoFar>();
  for (const entry of tracksIn(manifestFile)) {
    const { track, writtenSamples, peak } = fieldsOf(entry);
    if (!isCount(track)) continue;
    soFar.set(track, {
      writtenSamples: isCount(writtenSamples) ? writtenSamples : 0,
      peak: isCount(peak) ? peak : 0,
    });
  }
  return soFar;
}

function tracksIn(manifestFile: string): readonly unknown[] {
  try {
    const { tracks } = fieldsOf(JSON.parse(fs.readFileSync(manifestFile, "utf8")));
    return Array.isArray(tracks) ? tracks : [];
  } catch {
    // Not there or damaged: what follows is counted all the same.
    return [];
  }
}
