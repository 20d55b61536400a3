import type { Log } from "../log.ts";
import type { Catalog } from "./catalog.ts";
import { isOver } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import type { Storage } from "./storage.ts";
import { userIdOf } from "./track-file-name.ts";

/** Why a recording is not complete that a previous process left behind. */
const INTERRUPTED = {
  code: "E-INTERRUPTED",
  message: "The recorder stopped unexpectedly while this was being recorded.",
};

/**
 * Makes the catalog tell the truth about recordings that a process left unfinished when it died. Run once at start,
 * before any recording of this process. Files are not touched: they are valid WAVs up to the last checkpoint. Gives the
 * recordings that are over now.
 */
export async function markInterrupted(catalog: Catalog, storage: Storage, log: Log): Promise<Manifest[]> {
  const over: Manifest[] = [];
  for (const id of await catalog.listUnfinished()) {
    try {
      const manifest = (await storage.readManifest(id)) ?? (await catalog.find(id));
      if (manifest === undefined) continue;
      const truth = isOver(manifest) ? manifest : await interrupted(manifest, storage);
      await catalog.upsert(truth);
      over.push(truth);
      log.warn(
        { state: truth.state, tracks: truth.tracks.length },
        "a recording of a previous run was left unfinished",
      );
    } catch (error) {
      log.error({ err: error }, "a recording that was left unfinished cannot be read");
    }
  }
  return over;
}

/** The manifest with the files that are really there: the writer may have made some after the last checkpoint. */
async function interrupted(manifest: Manifest, storage: Storage): Promise<Manifest> {
  const files = await storage.trackFiles(manifest.id);
  const tracks = manifest.tracks.map((track) => ({ ...track, ...files.get(track.track) }));
  for (const [number, found] of files) {
    if (tracks.some((track) => track.track === number)) continue;
    const name = found.file.slice(found.file.indexOf("-") + 1, -".wav".length);
    tracks.push({ track: number, userId: userIdOf(found.file) ?? "unknown", name, ...found });
  }
  tracks.sort((a, b) => a.track - b.track);
  return { ...manifest, state: "failed", tracks, error: INTERRUPTED };
}
