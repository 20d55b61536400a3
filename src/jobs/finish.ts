import { join } from "node:path";
import { manifestSchema } from "../recordings/manifest.ts";
import type { Manifest, ManifestTrack } from "../recordings/manifest.ts";
import type { TrackFile } from "../recordings/storage.ts";
import { diskRefusal } from "./disk-refusal.ts";
import { replaceFile } from "./durable-file.ts";
import { finalManifest } from "./final-manifest.ts";
import type { JobContext } from "./job-runner.ts";
import { findMediaTools } from "./media-tools.ts";
import type { MediaTools } from "./media-tools.ts";
import type { Surroundings } from "./surroundings.ts";
import { checkTrack, tagLoudness } from "./track-check.ts";

/**
 * Checks every track of a recording that is over by an independent read, measures it, and says so in its header, in
 * `recording.json` and in the catalog, in that order. Killed anywhere and run again, it leaves the same bytes: each step
 * depends on the samples alone, and the manifest says "checked" only after every header does. Samples are never written.
 * There are no notes to make cue points of.
 */
export async function finish(around: Surroundings, id: string, context: JobContext): Promise<void> {
  const { storage, catalog } = around;
  const { signal, log } = context;
  const manifest = await finalManifest(around, id);
  if (manifest === undefined) {
    log.info("the recording is gone: there is nothing to finish");
    return;
  }
  const tools = await findMediaTools(around.ffmpeg, signal);
  if (tools.ffmpeg === undefined)
    log.warn("ffmpeg is not installed: loudness is not measured; set FFMPEG_PATH or install it");
  const files = await storage.trackFiles(id);
  const tracks: ManifestTrack[] = [];
  for (const track of manifest.tracks) {
    signal.throwIfAborted();
    const directory = storage.tracksDirectory(id);
    tracks.push(await finishTrack(manifest, track, files.get(track.track), { directory, tools, context }));
    context.progress(tracks.length / (manifest.tracks.length + 1));
  }
  signal.throwIfAborted();
  // In the schema's order of fields, whatever the order they became known in.
  const checked = manifestSchema.parse(checkedManifest({ ...manifest, tracks }, tools));
  const path = join(storage.directory(id), "recording.json");
  await replaceFile(path, `${JSON.stringify(checked, undefined, 2)}\n`).catch((error: unknown) => {
    throw diskRefusal("The recording's manifest", error);
  });
  await catalog.upsert(checked);
  context.progress(1);
  log.info({ tracks: tracks.length, ...checked.checked }, "a recording's tracks were checked");
}

/** The track as the manifest should have it; its header is true on disk before this resolves. */
async function finishTrack(
  manifest: Manifest,
  track: ManifestTrack,
  found: TrackFile | undefined,
  around: { readonly directory: string; readonly tools: MediaTools; readonly context: JobContext },
): Promise<ManifestTrack> {
  const { directory, tools, context } = around;
  const file = found?.file ?? track.file;
  // Somebody was heard whose file the writer could not make: the manifest says so already.
  if (file === undefined) return track;
  const path = join(directory, file);
  const { peak } = track;
  const checked = await checkTrack({ path, manifest, peak, tools, signal: context.signal });
  if (checked.problem !== undefined)
    context.log.error(
      { track: track.track, problem: checked.problem },
      "a finished track is not as it should be",
    );
  if (checked.loudness !== undefined && checked.loudnessAt !== undefined)
    await tagLoudness(path, checked.loudnessAt, checked.loudness).catch((error: unknown) => {
      throw diskRefusal("A track's header", error);
    });
  const { problem: _solved, ...known } = track;
  const { loudnessAt: _place, ...facts } = checked;
  // What was known before stays where this check could not tell: ffmpeg may have been there then.
  return { ...known, file, ...defined(facts) };
}

function checkedManifest(manifest: Manifest, tools: MediaTools): Manifest {
  const measured = tools.ffmpeg !== undefined || manifest.checked?.loudness === "measured";
  const probed = tools.ffprobe !== undefined || manifest.checked?.reader === "ffprobe";
  return {
    ...manifest,
    checked: { reader: probed ? "ffprobe" : "header", loudness: measured ? "measured" : "no-ffmpeg" },
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
