import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";
import type { Manifest, ManifestTrack } from "./manifest.ts";
import type { CaptureResult, WrittenTrack } from "./stages.ts";

/** What somebody asked to be recorded. */
export type StartRequest = {
  readonly guild: { readonly id: string; readonly name: string };
  readonly channel: { readonly id: string; readonly name: string };
  readonly startedBy: { readonly id: string; readonly name: string };
  readonly botUserId: string;
  readonly channels: Channels;
  /** The channel's name where absent. */
  readonly title: string | undefined;
};

/** The manifest of a recording that is about to begin. */
export function newManifest(id: string, request: StartRequest): Manifest {
  return {
    version: 1,
    id,
    state: "connecting",
    title: request.title?.trim() || request.channel.name,
    guild: { id: request.guild.id, name: request.guild.name },
    channel: { id: request.channel.id, name: request.channel.name },
    startedBy: { id: request.startedBy.id, name: request.startedBy.name },
    channels: request.channels,
    sampleRate: SAMPLE_RATE,
    tracks: [],
  };
}

/** Adds facts to a track, or the track itself where it is new; its user's id stands in until a name is known. */
export function withTrack(
  manifest: Manifest,
  facts: Partial<ManifestTrack> & { readonly track: number; readonly userId: string },
): Manifest {
  const known = manifest.tracks.find((track) => track.track === facts.track);
  const changed = { name: facts.userId, ...known, ...facts };
  const others = manifest.tracks.filter((track) => track.track !== facts.track);
  return { ...manifest, tracks: [...others, changed].sort((a, b) => a.track - b.track) };
}

/** What capture has counted so far. */
export type Captured = Pick<CaptureResult, "tracks" | "connection">;

/** Brings the counts up to date. */
export function withCaptured(manifest: Manifest, captured: Captured): Manifest {
  const counted = captured.tracks.reduce<Manifest>(
    (changed, { track, userId, counts }) => withTrack(changed, { track, userId, counts: { ...counts } }),
    manifest,
  );
  return { ...counted, connection: { ...captured.connection } };
}

/** Adds what the writer knows of the closed files. */
export function withWritten(manifest: Manifest, written: readonly WrittenTrack[]): Manifest {
  return written.reduce<Manifest>((changed, track) => withTrack(changed, { ...track }), manifest);
}
