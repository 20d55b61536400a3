/** Manifests for tests of texts: a finished recording, changed where a test wants it. */
import type { TrackCounts } from "../../src/recordings/counts.ts";
import type { Manifest, ManifestTrack } from "../../src/recordings/manifest.ts";
import { NO_PACKETS } from "../../src/recordings/counts.ts";

export const STARTED_AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

export function finished(changes: Partial<Manifest> = {}): Manifest {
  return {
    version: 1,
    id: "0123456789abcdefghijkl",
    state: "finished",
    title: "Standup",
    guild: { id: "100", name: "Guild" },
    channel: { id: "200", name: "Meeting room" },
    startedBy: { id: "300", name: "Zoë" },
    channels: 1,
    sampleRate: 48_000,
    startedAtMs: STARTED_AT_MS,
    endedAtMs: STARTED_AT_MS + 65_000,
    lengthSamples: 65 * 48_000,
    tracks: [track(1, "Zoë")],
    connection: { datagrams: 10, notMedia: 0, unattributed: 0 },
    ...changes,
  };
}

export function track(number: number, name: string, counts: Partial<TrackCounts> = {}): ManifestTrack {
  return {
    track: number,
    userId: String(300 + number),
    name,
    file: `${String(number).padStart(2, "0")}-track.wav`,
    samples: 65 * 48_000,
    counts: { ...NO_PACKETS, received: 10, written: 10, ...counts },
  };
}
