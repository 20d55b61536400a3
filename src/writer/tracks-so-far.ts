/** What an earlier writer told of its tracks in `recording.json`: the main thread's copy lacks it while they are open. */
import * as fs from "node:fs";
import { manifestSchema } from "../recordings/manifest.ts";
import type { ManifestTrack } from "../recordings/manifest.ts";
import type { TrackSoFar } from "./track-file.ts";

/** By track number; nothing where the manifest cannot be read. As old as the last checkpoint, some 10 s. */
export function readTracksSoFar(manifestFile: string): ReadonlyMap<number, TrackSoFar> {
  return new Map(
    tracksIn(manifestFile).map(({ track, writtenSamples = 0, peak = 0 }) => [
      track,
      { writtenSamples, peak },
    ]),
  );
}

function tracksIn(manifestFile: string): readonly ManifestTrack[] {
  try {
    return manifestSchema.parse(JSON.parse(fs.readFileSync(manifestFile, "utf8"))).tracks;
  } catch {
    // Not there or damaged: what follows is counted all the same.
    return [];
  }
}
