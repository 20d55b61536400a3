/** Finds out what a folder is that a dead process left: from its manifest, or from whatever else remembers it. */
import * as fs from "node:fs";
import path from "node:path";
import { SAMPLE_RATE } from "../../audio/pcm.ts";
import { trackReference } from "../../audio/wav-tags.ts";
import { isMissing } from "../../errors.ts";
import { isOver, manifestSchema } from "../../recordings/manifest.ts";
import type { Manifest } from "../../recordings/manifest.ts";
import type { LeftRecording } from "../../recordings/recovery-stage.ts";
import type { LeftTrackFile } from "./left-folder.ts";
import { statedChannels, surveyTrack } from "./left-track.ts";

export const MANIFEST_FILE = "recording.json";
/** What the writer calls a manifest that it has not put into its place yet. */
export const DRAFT_FILE = "recording.json.tmp";

/**
 * Where the manifest was found:
 * - `folder`: in its place. - `draft`: beside it, whole, before it was put there. - `catalog`: in the catalog's memory.
 * - `tracks`: nowhere; made of what the tracks say of themselves, without the people of Discord.
 */
export type ManifestSource = "folder" | "draft" | "catalog" | "tracks";

export type LeftManifest =
  | { readonly kind: "found"; readonly manifest: Manifest; readonly source: ManifestSource }
  /** Written by a later version of this program. */
  | { readonly kind: "newer" }
  | { readonly kind: "lost" };

/** Reads only. Throws what the disk says. */
export function findManifest(left: LeftRecording, tracks: readonly LeftTrackFile[]): LeftManifest {
  const { directory, id, known } = left;
  for (const [file, source] of [
    [MANIFEST_FILE, "folder"],
    [DRAFT_FILE, "draft"],
  ] as const) {
    const value = jsonOf(path.join(directory, file));
    if (isNewer(value)) return { kind: "newer" };
    const manifest = manifestSchema.safeParse(value);
    // Of another recording: somebody has copied it.
    if (manifest.success && manifest.data.id === id)
      return { kind: "found", manifest: withItsEnd(manifest.data, known), source };
  }
  if (known !== undefined) return { kind: "found", manifest: known, source: "catalog" };
  const manifest = fromTracks(left, tracks);
  return manifest === undefined ? { kind: "lost" } : { kind: "found", manifest, source: "tracks" };
}

/** A full disk may have refused the last manifest of a recording that ended well: the catalog was told of it after that. */
function withItsEnd(manifest: Manifest, known: Manifest | undefined): Manifest {
  const wasTold = known !== undefined && isOver(known) && known.lengthSamples !== undefined;
  return wasTold && !isOver(manifest) ? known : manifest;
}

function jsonOf(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch {
    // Half of it, or a page of zeros: as good as none.
    return undefined;
  }
}

function isNewer(value: unknown): boolean {
  return typeof value === "object" && value !== null && "version" in value && Number(value.version) > 1;
}

/** Only what a track of this very recording says; its reference tells. */
function fromTracks({ id, directory }: LeftRecording, files: readonly LeftTrackFile[]): Manifest | undefined {
  for (const { track, file } of files) {
    const place = path.join(directory, "tracks", file);
    const channels = statedChannels(place);
    if (channels === undefined) continue;
    const survey = surveyTrack(place, channels);
    const tags = survey.kind === "foreign" ? undefined : survey.tags;
    if (tags?.reference !== trackReference(id, track)) continue;
    const split = tags.place.lastIndexOf(" / ");
    return {
      version: 1,
      id,
      state: "recording",
      title: tags.title,
      guild: { id: UNKNOWN, name: split < 0 ? UNKNOWN : tags.place.slice(0, split) },
      channel: { id: UNKNOWN, name: split < 0 ? tags.place : tags.place.slice(split + 3) },
      startedBy: { id: UNKNOWN, name: UNKNOWN },
      channels,
      sampleRate: SAMPLE_RATE,
      startedAtMs: tags.startedAtMs,
      tracks: [],
    };
  }
  return undefined;
}

/** In the place of an id or a name that nothing remembers. */
export const UNKNOWN = "unknown";
