/** What tests ask of the result of a capture. */
import assert from "node:assert/strict";
import { balances } from "../../src/recordings/counts.ts";
import type { TrackCounts } from "../../src/recordings/counts.ts";
import type { CaptureResult } from "../../src/recordings/stages.ts";
import type { Seat } from "../simulator/voice/voice-service.ts";

/** The counts of a person's track; every packet of it has one outcome. */
export function countsOf(result: CaptureResult, userId: string): TrackCounts {
  const counts = result.tracks.find((track) => track.userId === userId)?.counts;
  assert.ok(counts, `user ${userId} has a track`);
  assert.ok(balances(counts) && counts.held === 0, JSON.stringify(counts));
  return counts;
}

/** Every packet of media that these people sent was written. */
export function assertAllWritten(result: CaptureResult, ...seats: readonly Seat[]): void {
  for (const { userId, sent } of seats) {
    const counts = countsOf(result, userId);
    assert.equal(counts.written, sent.length, `${userId}: ${JSON.stringify(counts)}`);
  }
}

/** Every datagram is accounted for: on a track, or as nobody's. */
export function assertAllAccounted(result: CaptureResult): void {
  const { datagrams, notMedia, unattributed } = result.connection;
  const received = result.tracks.reduce((sum, { counts }) => sum + counts.received, 0);
  assert.equal(datagrams, notMedia + unattributed + received, JSON.stringify(result));
}
