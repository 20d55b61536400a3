/** One recording as the main thread keeps it, so that a dead capture thread takes no recording with it. */
import { NO_PACKETS } from "../recordings/counts.ts";
import type { TrackCounts } from "../recordings/counts.ts";
import type { CaptureEvent, CaptureRequest, CaptureResult, CapturedTrack } from "../recordings/stages.ts";
import { SAMPLE_RATE } from "../audio/pcm.ts";
import { monotonicMs } from "./monotonic-clock.ts";
import type { Resumption } from "./protocol.ts";

/**
 * - `connecting`: position 0 is not fixed yet. - `running`. - `stopping`: its result is awaited. - `over`: `stopped` has
 * been settled.
 */
export type CaptureState = "connecting" | "running" | "stopping" | "over";

export type CaptureRecord = {
  readonly request: CaptureRequest;
  readonly unsubscribe: () => void;
  readonly started: PromiseWithResolvers<{ readonly startedAtMs: number }>;
  readonly stopped: PromiseWithResolvers<CaptureResult>;
  state: CaptureState;
  /** Position 0 on the clock of `monotonic-clock.ts`. */
  zeroMs: number;
  /** What the thread told last, at most a second old. */
  progress: Extract<CaptureEvent, { kind: "progress" }> | undefined;
  /** Users by track number, from the instant they are heard: nobody may be given a number that was another's. */
  readonly heard: Map<number, string>;
  /** Its thread died, or the next one would not take it: no thread knows of it. */
  orphaned: boolean;
  /** Until it is handed to the next thread. */
  resumeTimer: NodeJS.Timeout | undefined;
};

/** Now, on the recording's clock. */
export function positionOf(record: CaptureRecord): number {
  if (record.state === "connecting") return 0;
  return Math.round(((monotonicMs() - record.zeroMs) * SAMPLE_RATE) / 1000);
}

/** What a new thread must know to go on with the recording. */
export function resumptionOf(record: CaptureRecord): Resumption {
  return {
    zeroMs: record.zeroMs,
    tracks: knownTracks(record),
    connection: record.progress?.connection ?? { datagrams: 0, notMedia: 0, unattributed: 0 },
  };
}

/** The end of a recording whose thread cannot tell it any more. */
export function resultWithoutThread(record: CaptureRecord, fence: number): CaptureResult {
  const { tracks, connection } = resumptionOf(record);
  return { lengthSamples: positionOf(record), fence, tracks, connection };
}

/** Who was heard after the last progress has a track all the same; what it held then is not known. */
function knownTracks(record: CaptureRecord): CapturedTrack[] {
  const tracks = (record.progress?.tracks ?? []).map(settleHeld);
  const told = new Set(tracks.map(({ track }) => track));
  for (const [track, userId] of record.heard)
    if (!told.has(track)) tracks.push({ track, userId, counts: NO_PACKETS });
  return tracks.sort((a, b) => a.track - b.track);
}

/** What waited in the dead thread will not be heard. */
function settleHeld(track: CapturedTrack): CapturedTrack {
  const counts: TrackCounts = {
    ...track.counts,
    expired: track.counts.expired + track.counts.held,
    held: 0,
  };
  return { ...track, counts };
}
