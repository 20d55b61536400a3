import { NO_PACKETS } from "./counts.ts";
import type { TrackCounts } from "./counts.ts";
import type { Manifest } from "./manifest.ts";

/** The counts of all tracks together. */
export function packetsOf(manifest: Manifest): TrackCounts {
  return manifest.tracks.map((track) => track.counts ?? NO_PACKETS).reduce(sumOfCounts, NO_PACKETS);
}

export function sumOfCounts(a: TrackCounts, b: TrackCounts): TrackCounts {
  return {
    received: a.received + b.received,
    written: a.written + b.written,
    duplicate: a.duplicate + b.duplicate,
    padding: a.padding + b.padding,
    late: a.late + b.late,
    expired: a.expired + b.expired,
    abandoned: a.abandoned + b.abandoned,
    rejected: a.rejected + b.rejected,
    forged: a.forged + b.forged,
    malformed: a.malformed + b.malformed,
    undecodable: a.undecodable + b.undecodable,
    ahead: a.ahead + b.ahead,
    dropped: a.dropped + b.dropped,
    unwritten: a.unwritten + b.unwritten,
    held: a.held + b.held,
    concealedSamples: a.concealedSamples + b.concealedSamples,
    droppedSamples: a.droppedSamples + b.droppedSamples,
    lostSamples: a.lostSamples + b.lostSamples,
    unwrittenSamples: a.unwrittenSamples + b.unwrittenSamples,
  };
}
