import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { samplesOfMs } from "../audio/pcm.ts";
import { NO_PACKETS } from "./counts.ts";
import { isInterrupted } from "./interruptions.ts";
import { readLeftEvents, trackOwners } from "./left-events.ts";
import { withTrack } from "./manifest-changes.ts";
import type { StartRequest } from "./manifest-changes.ts";
import type { Manifest } from "./manifest.ts";
import type { CapturedBefore } from "./stages.ts";
import type { Storage } from "./storage.ts";
import { userIdOf } from "./track-file-name.ts";

/** A recording whose process died, and when that process was last seen at work. */
export type LeftBehind = { readonly manifest: Manifest; readonly lastSignMs: number };

export const RESTARTED = "The recorder had stopped unexpectedly and was started again.";

/**
 * Whether it ran when its process died, and so lately that people will take what follows for the same recording. A clock
 * that was set back, as by the loss of power, cannot tell: what is said now would be written over what was said then.
 */
export function mayGoOn({ manifest, lastSignMs }: LeftBehind, nowMs: number, windowMs: number): boolean {
  const ran = manifest.state === "recording" || manifest.state === "reconnecting";
  const awayMs = nowMs - lastSignMs;
  return ran && manifest.startedAtMs !== undefined && awayMs >= 0 && awayMs < windowMs;
}

/**
 * What a dead process left of a recording. Its last sign is the last time it wrote anything into the folder: within
 * seconds of its death, and less while anybody spoke. A track that the manifest had no time to list is known by the events,
 * or by its file: one that bears a name no longer says whose it is.
 */
export async function leftBehind(storage: Storage, manifest: Manifest): Promise<LeftBehind> {
  const folder = storage.directory(manifest.id);
  const files = await storage.trackFiles(manifest.id);
  const events = join(folder, "events.ndjson");
  const owners = trackOwners(readLeftEvents(await readFile(events, "utf8").catch(() => "")).events);
  let complete = manifest;
  for (const track of new Set([...owners.keys(), ...files.keys()])) {
    const noted = manifest.tracks.some((known) => known.track === track);
    const userId = owners.get(track) ?? userIdOf(files.get(track)?.file ?? "") ?? "unknown";
    if (!noted) complete = withTrack(complete, { track, userId });
  }
  const paths = [
    join(folder, "recording.json"),
    events,
    ...[...files.values()].map(({ file }) => join(storage.tracksDirectory(manifest.id), file)),
  ];
  const times = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return { manifest: complete, lastSignMs: Math.max(0, ...times) };
}

/** The order that was given then, to the process of now. */
export function requestOf(manifest: Manifest, botUserId: string): StartRequest {
  const { guild, channel, startedBy, channels, title } = manifest;
  return { guild, channel, startedBy, channels, title, botUserId };
}

/** What capture needs in order to go on. */
export function capturedBefore(left: LeftBehind): CapturedBefore {
  const { startedAtMs = left.lastSignMs, connection, tracks, unheard = [] } = left.manifest;
  return {
    startedAtMs,
    position: positionOf(left),
    tracks: tracks.map(({ track, userId, counts = NO_PACKETS, gaps = [] }) => ({
      track,
      userId,
      counts,
      gaps,
    })),
    connection,
    moved: isInterrupted(left.manifest, "moved"),
    unheard: unheard.filter(({ toSamples }) => toSamples === undefined).map(({ userId }) => userId),
  };
}

/** Where the recording was when its process was last seen. */
export function positionOf({ manifest, lastSignMs }: LeftBehind): number {
  return Math.max(0, samplesOfMs(lastSignMs - (manifest.startedAtMs ?? lastSignMs)));
}
