/** What became of the packets that people sent in a recorded call. */
import assert from "node:assert/strict";
import type { TrackCounts } from "../../src/recordings/counts.ts";
import type { Person } from "../simulator/person.ts";
import type { Call } from "./call.ts";

/** The counts of a person's track. */
export function countsOf(call: Call, person: Person): TrackCounts {
  const counts = call.manifest.tracks.find(({ userId }) => userId === person.id)?.counts;
  assert.ok(counts, `${person.name} has a track`);
  return counts;
}

/** Every packet of media that these people sent is on their tracks. */
export function assertAllWritten(call: Call, ...people: readonly Person[]): void {
  for (const person of people) {
    const counts = countsOf(call, person);
    assert.equal(counts.written, person.sent.length, `${person.name}: ${JSON.stringify(counts)}`);
  }
}
