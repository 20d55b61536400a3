/** What a recording that a dead process left will be: pure. The same remains give the same plan. */
import { SAMPLE_RATE } from "../../audio/pcm.ts";
import type { RecordingEvent } from "../../recordings/events.ts";
import { withInterruptionsEndedAt } from "../../recordings/interruptions.ts";
import type { Manifest, ManifestTrack } from "../../recordings/manifest.ts";
import { INTERRUPTED_CODE } from "../../recordings/recovery-stage.ts";
import { userIdOf } from "../../recordings/track-file-name.ts";
import { furthestPosition, trackOwners } from "../../recordings/left-events.ts";
import type { LeftTrackFile } from "./left-folder.ts";
import { UNKNOWN } from "./left-manifest.ts";
import type { ManifestSource } from "./left-manifest.ts";
import type { LeftTrack } from "./left-track.ts";

export type SurveyedTrack = LeftTrackFile & { readonly left: LeftTrack };

export type Remains = {
  readonly manifest: Manifest;
  readonly source: ManifestSource;
  readonly tracks: readonly SurveyedTrack[];
  readonly events: readonly RecordingEvent[];
  /** When the folder was made: the last resort for a clock that nothing else tells of. */
  readonly madeAtMs: number;
};

/** One track of the plan; `left` is absent where the file must be made. */
export type PlannedTrack = { readonly known: ManifestTrack; readonly left: LeftTrack | undefined };

export type RecoveryPlan = {
  /** The last manifest, but for what the finished files say. */
  readonly manifest: Manifest & { readonly lengthSamples: number };
  readonly tracks: readonly PlannedTrack[];
};

export function planRecovery(remains: Remains): RecoveryPlan {
  const { manifest, events, tracks: files } = remains;
  const startedAtMs = startOf(remains);
  const lengthSamples = Math.max(
    manifest.lengthSamples ?? 0,
    furthestPosition(events),
    ...files.map(({ left }) => (left.kind === "foreign" ? 0 : left.samples)),
  );
  const tracks = plannedTracks(remains);
  const ended = withInterruptionsEndedAt(manifest, lengthSamples);
  const error = { code: INTERRUPTED_CODE, message: messageFor(remains.source, startedAtMs !== undefined) };
  const known = tracks.map(({ known }) => known);
  if (startedAtMs === undefined)
    return { manifest: { ...ended, state: "failed", lengthSamples, tracks: known, error }, tracks };
  return {
    manifest: {
      ...ended,
      state: "finished",
      startedAtMs,
      endedAtMs: startedAtMs + Math.round((lengthSamples * 1000) / SAMPLE_RATE),
      lengthSamples,
      tracks: known,
      error,
      recovered: true,
    },
    tracks,
  };
}

/** Undefined where the clock never ran. */
function startOf({ manifest, events, tracks, madeAtMs }: Remains): number | undefined {
  const started = manifest.startedAtMs ?? events.find(({ kind }) => kind === "started")?.atMs;
  if (started !== undefined) return started;
  const sounding = tracks.flatMap(({ left }) => (left.kind !== "foreign" && left.samples > 0 ? [left] : []));
  if (sounding.length === 0) return undefined;
  return sounding.find(({ tags }) => tags !== undefined)?.tags?.startedAtMs ?? madeAtMs;
}

/** Everybody who is known to have been heard, with or without a file, and every file, known or not. */
function plannedTracks({ manifest, events, tracks: files }: Remains): PlannedTrack[] {
  const known = new Map(manifest.tracks.map((track) => [track.track, track]));
  for (const [track, userId] of trackOwners(events))
    if (!known.has(track)) known.set(track, { track, userId, name: userId });
  const found = new Map(files.map((file) => [file.track, file]));
  return [...new Set([...known.keys(), ...found.keys()])]
    .sort((a, b) => a - b)
    .map((number) => {
      const file = found.get(number);
      // The peak is that of the last checkpoint; whoever checks the tracks looks for it anew.
      const { file: _old, peak: _older, ...track } = known.get(number) ?? adopted(number, file?.file ?? "");
      return {
        known: {
          ...track,
          name: nameOf(track, file?.left),
          ...(file === undefined ? {} : { file: file.file }),
        },
        left: file?.left,
      };
    });
}

/** The writer calls a file by the user's id until the name is known. */
function adopted(track: number, file: string): ManifestTrack {
  const name = file.slice(file.indexOf("-") + 1, -".wav".length);
  return { track, userId: userIdOf(file) ?? UNKNOWN, name };
}

/** The header may have been told a name that the manifest was not. */
function nameOf(
  { name, userId }: Pick<ManifestTrack, "name" | "userId">,
  left: LeftTrack | undefined,
): string {
  const tagged = left === undefined || left.kind === "foreign" ? "" : (left.tags?.name ?? "");
  return (name === userId || userId === UNKNOWN) && tagged !== "" ? tagged : name;
}

function messageFor(source: ManifestSource, began: boolean): string {
  if (!began) return "The recorder stopped unexpectedly before this recording began.";
  const interrupted =
    "The recorder stopped unexpectedly while this was being recorded; what was on its disk was recovered.";
  return source === "tracks" ? `${interrupted} Who, where and when was read from the tracks.` : interrupted;
}
