import assert from "node:assert/strict";
import { test } from "node:test";
import { resultWithoutThread, resumptionOf } from "../../src/capture/capture-record.ts";
import type { CaptureRecord } from "../../src/capture/capture-record.ts";
import { NO_PACKETS } from "../../src/recordings/counts.ts";

/** Somebody was told of with counts; somebody else has only just been heard. */
function record(): CaptureRecord {
  return {
    request: {
      handle: 1,
      guildId: "100",
      channelId: "200",
      botUserId: "300",
      channels: 1,
      announce: false,
    },
    unsubscribe: () => undefined,
    started: Promise.withResolvers(),
    stopped: Promise.withResolvers(),
    state: "running",
    zeroMs: 0,
    progress: {
      kind: "progress",
      handle: 1,
      position: 48_000,
      tracks: [{ track: 1, userId: "11", counts: { ...NO_PACKETS, received: 5, written: 3, held: 2 } }],
      connection: { datagrams: 5, notMedia: 0, unattributed: 0 },
      queuedFrames: 0,
    },
    heard: new Map([
      [2, "22"],
      [1, "11"],
    ]),
    orphaned: true,
    resumeTimer: undefined,
  };
}

const expected = [
  { track: 1, userId: "11", counts: { ...NO_PACKETS, received: 5, written: 3, expired: 2 } },
  { track: 2, userId: "22", counts: NO_PACKETS },
];

test("whoever was heard after the last progress keeps their number in the next thread", () => {
  assert.deepEqual(resumptionOf(record()).tracks, expected);
});

test("whoever was heard after the last progress is in a result without the thread", () => {
  assert.deepEqual(resultWithoutThread(record(), 0).tracks, expected);
});
