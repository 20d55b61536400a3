/**
 * Brings the folder of a recording that a dead process left to its end: tracks of one length, whole events, a manifest
 * that says so. The order makes it safe to be killed: whatever is read to plan it stays as it is until the manifest,
 * which comes last and as one step, says that it is done.
 */
import * as fs from "node:fs";
import path from "node:path";
import { isOver, manifestSchema } from "../../recordings/manifest.ts";
import type { Manifest, ManifestTrack } from "../../recordings/manifest.ts";
import { UNTOLD_FILE } from "../../recordings/recovery-stage.ts";
import type { LeftRecording, RecoveryOutcome } from "../../recordings/recovery-stage.ts";
import { trackFileName } from "../../recordings/track-file-name.ts";
import { replaceFile, syncDirectory } from "../durable-file.ts";
import { wavTagsOf } from "../track-tags.ts";
import { finishLeftTrack } from "./finish-left-track.ts";
import { readLeftEvents, withLastEvent } from "../../recordings/left-events.ts";
import { quarantine, removeDrafts, removeEmpty, textIn, trackFilesIn } from "./left-folder.ts";
import { DRAFT_FILE, findManifest, MANIFEST_FILE } from "./left-manifest.ts";
import type { ManifestSource } from "./left-manifest.ts";
import { surveyTrack } from "./left-track.ts";
import { planRecovery } from "./recovery-plan.ts";
import type { PlannedTrack, RecoveryPlan } from "./recovery-plan.ts";

const EVENTS_FILE = "events.ndjson";
/** Where a manifest goes that nobody can read: it may still tell a person something. */
const UNREADABLE_FILE = "recording.unreadable.json";

/** Blocks for as long as the disk does: some milliseconds for each track. Throws what the disk says. */
export function recoverFolder(left: LeftRecording): RecoveryOutcome {
  const { directory, quarantineDirectory } = left;
  const putAside = (reason: string): RecoveryOutcome => ({
    kind: "quarantined",
    place: quarantine(directory, quarantineDirectory),
    reason,
  });
  const files = trackFilesIn(directory);
  const found = findManifest(left, files);
  if (found.kind === "newer") return { kind: "kept", reason: "A later version of the recorder made it." };
  if (found.kind === "lost") {
    if (removeEmpty(directory)) return { kind: "removed" };
    return putAside("Neither recording.json nor its tracks say what it is.");
  }
  const { manifest, source } = found;
  if (isOver(manifest)) {
    placeManifest(directory, source);
    replaceFile(path.join(directory, MANIFEST_FILE), textOf(manifest));
    return { kind: "restored", manifest };
  }
  const tracks = files.map((file) => ({
    ...file,
    left: surveyTrack(path.join(directory, "tracks", file.file), manifest.channels),
  }));
  if (tracks.length > 0 && tracks.every((track) => track.left.kind === "foreign"))
    return putAside("None of its tracks is a WAV of the recorder.");
  const events = readLeftEvents(textIn(path.join(directory, EVENTS_FILE)));
  const madeAtMs = Math.round(fs.statSync(directory).birthtimeMs);
  const plan = planRecovery({ manifest, source, tracks, events: events.events, madeAtMs });

  placeManifest(directory, source);
  removeDrafts(directory);
  const finished = finishTracks(directory, plan);
  const { startedAtMs = madeAtMs, endedAtMs = startedAtMs, lengthSamples } = plan.manifest;
  const last = { atMs: endedAtMs, position: lengthSamples, kind: "recovered" } as const;
  replaceFile(path.join(directory, EVENTS_FILE), withLastEvent(events, last));
  fs.closeSync(fs.openSync(path.join(directory, UNTOLD_FILE), "a"));
  // In the schema's order of fields, whatever the order they became known in.
  const final = manifestSchema.parse({ ...plan.manifest, tracks: finished });
  replaceFile(path.join(directory, MANIFEST_FILE), textOf(final));
  return { kind: "recovered", manifest: final };
}

/** A draft takes the place of the manifest; one that nobody can read is kept beside it. */
function placeManifest(directory: string, source: ManifestSource): void {
  if (source === "folder") return;
  const manifest = path.join(directory, MANIFEST_FILE);
  if (fs.existsSync(manifest)) fs.renameSync(manifest, path.join(directory, UNREADABLE_FILE));
  if (source === "draft") fs.renameSync(path.join(directory, DRAFT_FILE), manifest);
  syncDirectory(directory);
}

function finishTracks(directory: string, { manifest, tracks }: RecoveryPlan): ManifestTrack[] {
  const folder = path.join(directory, "tracks");
  if (tracks.length === 0) return [];
  fs.mkdirSync(folder, { recursive: true });
  const finished = tracks.map((track) => finishTrack(folder, manifest, track));
  syncDirectory(folder);
  return finished;
}

function finishTrack(
  folder: string,
  manifest: RecoveryPlan["manifest"],
  { known, left }: PlannedTrack,
): ManifestTrack {
  const { lengthSamples, channels } = manifest;
  const file = known.file ?? trackFileName(known.track, known.name);
  const place = path.join(folder, file);
  if (left?.kind === "foreign")
    return { ...known, file, problem: "The file was not written by the recorder and is left as it is." };
  // Somebody was heard of whom nothing reached the disk: a track of silence says so.
  if (left === undefined) fs.closeSync(fs.openSync(place, "a"));
  const samples = left?.samples ?? 0;
  const sizeBytes =
    left?.isFinal === true && samples === lengthSamples
      ? fs.statSync(place).size
      : finishLeftTrack(place, { samples, lengthSamples }, channels, wavTagsOf(manifest, known));
  return { ...known, file, samples: lengthSamples, sizeBytes };
}

function textOf(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
