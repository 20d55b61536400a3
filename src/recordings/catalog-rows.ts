import type { RecordingsTable, TracksTable } from "./catalog-schema.ts";
import { manifestSchema } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";

/** A manifest as rows of the catalog, and back. Nothing is lost on the way: `toManifest(toRows(m))` equals `m`. */

export type CatalogRows = { readonly recording: RecordingsTable; readonly tracks: readonly TracksTable[] };

export function toRows(manifest: Manifest, updatedAtMs: number): CatalogRows {
  return {
    recording: {
      id: manifest.id,
      guild_id: manifest.guild.id,
      guild_name: manifest.guild.name,
      channel_id: manifest.channel.id,
      channel_name: manifest.channel.name,
      started_by_id: manifest.startedBy.id,
      started_by_name: manifest.startedBy.name,
      title: manifest.title,
      state: manifest.state,
      channels: manifest.channels,
      started_at_ms: manifest.startedAtMs ?? null,
      ended_at_ms: manifest.endedAtMs ?? null,
      length_samples: manifest.lengthSamples ?? null,
      connection: manifest.connection === undefined ? null : JSON.stringify(manifest.connection),
      error_code: manifest.error?.code ?? null,
      error_message: manifest.error?.message ?? null,
      checked: manifest.checked === undefined ? null : JSON.stringify(manifest.checked),
      more: moreOf(manifest),
      updated_at_ms: updatedAtMs,
    },
    tracks: manifest.tracks.map((track) => ({
      recording_id: manifest.id,
      track: track.track,
      user_id: track.userId,
      name: track.name,
      file: track.file ?? null,
      samples: track.samples ?? null,
      written_samples: track.writtenSamples ?? null,
      size_bytes: track.sizeBytes ?? null,
      peak: track.peak ?? null,
      counts: track.counts === undefined ? null : JSON.stringify(track.counts),
      loudness: track.loudness === undefined ? null : JSON.stringify(track.loudness),
      problem: track.problem ?? null,
      gaps: track.gaps === undefined ? null : JSON.stringify(track.gaps),
    })),
  };
}

/** Throws a ZodError when the rows are not what this version wrote. */
export function toManifest({ recording, tracks }: CatalogRows): Manifest {
  return manifestSchema.parse({
    version: 1,
    id: recording.id,
    state: recording.state,
    title: recording.title,
    guild: { id: recording.guild_id, name: recording.guild_name },
    channel: { id: recording.channel_id, name: recording.channel_name },
    startedBy: { id: recording.started_by_id, name: recording.started_by_name },
    channels: recording.channels,
    sampleRate: 48_000,
    ...present({
      startedAtMs: recording.started_at_ms,
      endedAtMs: recording.ended_at_ms,
      lengthSamples: recording.length_samples,
      connection: parsed(recording.connection),
      error:
        recording.error_code === null
          ? null
          : { code: recording.error_code, message: recording.error_message ?? "" },
      checked: parsed(recording.checked),
    }),
    ...(recording.more === null ? {} : JSON.parse(recording.more)),
    tracks: tracks.map((track) => ({
      track: track.track,
      userId: track.user_id,
      name: track.name,
      ...present({
        file: track.file,
        samples: track.samples,
        writtenSamples: track.written_samples,
        sizeBytes: track.size_bytes,
        peak: track.peak,
        counts: parsed(track.counts),
        loudness: parsed(track.loudness),
        problem: track.problem,
        gaps: parsed(track.gaps),
      }),
    })),
  });
}

/** Null where there is none of it. */
function moreOf({ interruptions, unheard, writerDeaths, moves, recovered, notice }: Manifest): string | null {
  const json = JSON.stringify({ interruptions, unheard, writerDeaths, moves, recovered, notice });
  return json === "{}" ? null : json;
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json);
}

/** The fields that have a value: SQL's null is a manifest's absent field. */
function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
