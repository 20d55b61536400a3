import { SAMPLE_RATE } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";
import { NO_PACKETS } from "./counts.ts";
import type { Manifest, ManifestTrack } from "./manifest.ts";
import type { CaptureResult, UnwrittenTrack, WrittenTrack } from "./stages.ts";

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
    (changed, { track, userId, counts, gaps }) =>
      withTrack(changed, {
        track,
        userId,
        counts: { ...counts },
        ...(gaps === undefined || (gaps.length === 0 && !hasGaps(changed, track)) ? {} : { gaps: [...gaps] }),
      }),
    manifest,
  );
  return { ...counted, connection: { ...captured.connection } };
}

function hasGaps(manifest: Manifest, track: number): boolean {
  return manifest.tracks.some((known) => known.track === track && known.gaps !== undefined);
}

/** Takes what the disk refused off what capture called written. Once, after the last counts. */
export function withUnwritten(manifest: Manifest, unwritten: readonly UnwrittenTrack[]): Manifest {
  return unwritten.reduce<Manifest>((changed, { track, userId, packets, ...span }) => {
    const known = changed.tracks.find((one) => one.track === track);
    const counts = known?.counts ?? NO_PACKETS;
    // Where capture could not tell its last counts, it may have called fewer written.
    const taken = Math.min(packets, counts.written);
    return withTrack(changed, {
      track,
      userId: known?.userId ?? userId,
      counts: {
        ...counts,
        written: counts.written - taken,
        unwritten: taken,
        unwrittenSamples: span.missingSamples,
      },
      gaps: [...(known?.gaps ?? []), { reason: "disk", ...span }],
    });
  }, manifest);
}

/** Deaths of the writer that a manifest lists; whoever has seen so many need not count them. */
const MAX_WRITER_DEATHS = 100;

/** Another writer has taken over here. */
export function withWriterDeath(manifest: Manifest, position: number): Manifest {
  const writerDeaths = [...(manifest.writerDeaths ?? []), position].slice(0, MAX_WRITER_DEATHS);
  return { ...manifest, writerDeaths };
}

/** Adds what the writer knows of the closed files. */
export function withWritten(manifest: Manifest, written: readonly WrittenTrack[]): Manifest {
  return written.reduce<Manifest>((changed, track) => withTrack(changed, { ...track }), manifest);
}
