import assert from "node:assert/strict";
import { test } from "node:test";
import { balances, NO_PACKETS } from "../../src/recordings/counts.ts";
import { newManifest, withCaptured, withUnwritten } from "../../src/recordings/manifest-changes.ts";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import { request } from "./stages/studio.ts";

const connection = { datagrams: 50, notMedia: 0, unattributed: 0 };
const counts = { ...NO_PACKETS, received: 50, written: 48, late: 2 };
const span = { missingSamples: 9_600, fromSamples: 48_000, toSamples: 57_600 };
const manifest = newManifest("id", request());

test("what the disk refused is not called written, has its place, and the books balance", () => {
  const captured = withCaptured(manifest, {
    tracks: [{ track: 1, userId: "11", counts, gaps: [] }],
    connection,
  });
  const [track] = withUnwritten(captured, [{ track: 1, userId: "11", packets: 10, ...span }]).tracks;
  assert.deepEqual(track, {
    track: 1,
    userId: "11",
    name: "11",
    counts: { ...counts, written: 38, unwritten: 10, unwrittenSamples: 9_600 },
    gaps: [{ reason: "disk", ...span }],
  });
  assert.ok(track?.counts !== undefined && balances(track.counts));
});

test("a track that capture never told of is listed when the disk refused it", () => {
  const changed = withUnwritten(manifest, [{ track: 3, userId: "33", packets: 10, ...span }]);
  assert.deepEqual(manifestSchema.parse(changed), changed);
  assert.equal(changed.tracks[0]?.userId, "33");
  assert.ok(balances(changed.tracks[0]?.counts ?? { ...NO_PACKETS, held: 1 }));
});

test("gaps stay as they were told, until they are told anew", () => {
  const gaps = [{ reason: "network", ...span }] as const;
  const told = withCaptured(manifest, { tracks: [{ track: 1, userId: "11", counts, gaps }], connection });
  const same = withCaptured(told, { tracks: [{ track: 1, userId: "11", counts }], connection });
  assert.deepEqual(same.tracks[0]?.gaps, gaps);
  const none = withCaptured(same, { tracks: [{ track: 1, userId: "11", counts, gaps: [] }], connection });
  assert.deepEqual(none.tracks[0]?.gaps, []);
});

test("counts of a former version are read, with what was not told apart at zero", () => {
  const former = {
    received: 60,
    written: 50,
    duplicate: 1,
    padding: 2,
    late: 1,
    expired: 2,
    rejected: 3,
    dropped: 1,
    held: 0,
    concealedSamples: 960,
    droppedSamples: 960,
  };
  const read = manifestSchema.parse({
    ...manifest,
    tracks: [{ track: 1, userId: "1", name: "Zoë", counts: former }],
  });
  assert.deepEqual(read.tracks[0]?.counts, { ...NO_PACKETS, ...former });
  assert.ok(balances({ ...NO_PACKETS, ...former }));
});
