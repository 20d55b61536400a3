import assert from "node:assert/strict";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import { NO_PACKETS } from "../../src/recordings/counts.ts";
import type { TrackCounts } from "../../src/recordings/counts.ts";
import { gapReport } from "../../src/recordings/gap-report.ts";
import type { Gap, GapReason } from "../../src/recordings/gap.ts";
import { newManifest } from "../../src/recordings/manifest-changes.ts";
import type { Manifest, ManifestTrack } from "../../src/recordings/manifest.ts";
import { request } from "./stages/studio.ts";

function zoe(counts: Partial<TrackCounts>, more: Partial<ManifestTrack> = {}): ManifestTrack {
  const all = { ...NO_PACKETS, ...counts };
  const { received, held, written, ...others } = all;
  const ended = others.duplicate + others.padding + others.late + others.expired + others.rejected;
  const sum = written + ended + others.dropped + others.unwritten + held;
  return { track: 1, userId: "1", name: "Zoë", counts: { ...all, received: received || sum }, ...more };
}

function over(tracks: ManifestTrack[], changes: Partial<Manifest> = {}): Manifest {
  return { ...newManifest("id", request()), state: "finished", tracks, ...changes };
}

function gap(reason: GapReason, fromS: number, toS: number, missingS = toS - fromS): Gap {
  const at = (seconds: number): number => Math.round(seconds * SAMPLE_RATE);
  return { reason, fromSamples: at(fromS), toSamples: at(toS), missingSamples: at(missingS) };
}

function sentences(manifest: Manifest): string[] {
  return gapReport(manifest).tracks.flatMap(({ missing }) => missing.map(({ text }) => text));
}

test("a track is complete when nothing said was lost, whatever else arrived", () => {
  const report = gapReport(
    over([zoe({ written: 80, duplicate: 10, padding: 10, concealedSamples: 57_600 })]),
  );
  assert.ok(report.complete);
  assert.deepEqual(report.tracks, [
    {
      track: 1,
      name: "Zoë",
      missing: [],
      repaired: "1.2 s repaired after packets were lost on the network.",
      verdict: "Complete",
    },
  ]);
});

test("what is missing inside an interruption is told with the interruption alone", () => {
  const lasting = { cause: "connection", fromSamples: 9 * SAMPLE_RATE, reason: "Lost." } as const;
  for (const interruption of [{ ...lasting, toSamples: 12 * SAMPLE_RATE }, lasting]) {
    const at = (fromS: number, toS: number): Manifest =>
      over([zoe({ written: 9, expired: 1 }, { gaps: [gap("key", fromS, toS)] })], {
        interruptions: [interruption],
      });
    assert.deepEqual(sentences(at(11.98, 12)), []);
    assert.equal(gapReport(at(11.98, 12)).tracks[0]?.verdict, "Nothing else is missing");
    assert.equal(sentences(at(8.98, 9)).length, 1, "before it, it is missing by itself");
  }
});

test("each gap is told with its place, its length and its reason, in order", () => {
  const gaps = [
    gap("disk", 7_200, 7_212.5),
    gap("network", 61.5, 62.6),
    gap("key", 100, 110, 2.5),
    gap("queue", 3_723.4, 3_723.42),
    gap("undecodable", 4_000, 4_000.5),
  ];
  const track = zoe(
    { written: 9, dropped: 1, expired: 125, rejected: 25, undecodable: 25, unwritten: 625 },
    { gaps },
  );
  assert.deepEqual(sentences(over([track])), [
    "1.1 s missing at 1:01.5: lost on the network on the way to the recorder.",
    "2.5 s missing between 1:40.0 and 1:50.0: it could not be decrypted, because its key never came.",
    "0.02 s missing at 1:02:03.4: the recorder's disk was too slow.",
    "0.5 s missing at 1:06:40.0: it was damaged on the way, or is no sound that the recorder knows.",
    "12.5 s missing at 2:00:00.0: the recorder's disk refused it.",
  ]);
});

test("what was counted and has no place is told without one", () => {
  const counts = {
    written: 9,
    dropped: 1,
    late: 2,
    expired: 5,
    abandoned: 2,
    rejected: 6,
    ahead: 1,
    held: 3,
  };
  assert.deepEqual(sentences(over([zoe(counts)])), [
    "1 packet (20 ms) missing: the recorder's disk was too slow.",
    "3 packets (0.06 s) missing: it could not be decrypted, because its key never came.",
    "2 packets (0.04 s) missing: lost when the part of the recorder that listens crashed.",
    "2 packets (0.04 s) missing: they came too late.",
    "1 packet (20 ms) missing: their time lies too far ahead.",
    "5 packets (0.1 s) missing: they could not be opened or decoded.",
    "3 packets (0.06 s) missing: they could not be decrypted by the end.",
  ]);
  const forged = zoe({ written: 9, rejected: 4, forged: 3, malformed: 1 });
  assert.deepEqual(sentences(over([forged])), [], "nobody said what was forged");
  assert.deepEqual(sentences(over([zoe({ written: 9, received: 10 })])), [
    "The packet counts do not add up.",
  ]);
});

test("what waits in a recording that runs is not missing yet", () => {
  const running = over([zoe({ written: 9, held: 3 })], { state: "recording" });
  assert.deepEqual(sentences(running), []);
  assert.equal(gapReport(running).tracks[0]?.verdict, "Complete so far");
});

test("a long interruption is told in hours and minutes", () => {
  const outage = { cause: "connection", reason: "Lost.", fromSamples: 0 } as const;
  const interruptions = [{ ...outage, toSamples: 7_265 * SAMPLE_RATE }];
  assert.equal(
    gapReport(over([zoe({ written: 9 })], { interruptions })).recording[0]?.text,
    "Nobody could be heard from 0:00.0 to 2:01:05.0 (2 h 1 min 5 s): Lost.",
  );
});

test("the figures of an interruption agree with one another", () => {
  const told = (fromS: number, toS: number): string => {
    const [fromSamples, toSamples] = [Math.round(fromS * SAMPLE_RATE), Math.round(toS * SAMPLE_RATE)];
    const interruption = { cause: "connection", reason: "Lost.", fromSamples, toSamples } as const;
    return gapReport(over([], { interruptions: [interruption] })).recording[0]?.text ?? "";
  };
  assert.equal(told(0, 7.56), "Nobody could be heard from 0:00.0 to 0:07.5 (7.5 s): Lost.");
  assert.equal(told(3.02, 3.3), "Nobody could be heard for 0.28 s at 0:03.0: Lost.");
  for (let at = 0; at < 3_000; at++) {
    const [fromS, toS] = [at / 300, at / 300 + 1 + at / 70];
    const [, from, to, length] = /from 0:(\S+) to 0:(\S+) \((\S+) s\)/.exec(told(fromS, toS)) ?? [];
    if (length === undefined) continue;
    assert.equal((Number(to) - Number(from)).toFixed(1), Number(length).toFixed(1), `${fromS} to ${toS}`);
  }
});

test("interruptions told as one are told with their sum, and hide no gap that may lie between them", () => {
  const [fromSamples, toSamples, missingSamples] = [0, 60 * SAMPLE_RATE, 12.5 * SAMPLE_RATE];
  const interruption = {
    cause: "connection",
    reason: "Lost.",
    fromSamples,
    toSamples,
    missingSamples,
  } as const;
  const gaps = [gap("network", 30, 30.5)];
  const report = gapReport(over([zoe({ written: 9 }, { gaps })], { interruptions: [interruption] }));
  assert.equal(
    report.recording[0]?.text,
    "Nobody could be heard for 12.5 s in all, again and again between 0:00.0 and 1:00.0: Lost.",
  );
  assert.equal(report.tracks[0]?.missing.length, 1);
});

test("interruptions are told with their place in the recording, and a track is not called complete beside them", () => {
  const lost = { cause: "connection", reason: "Lost.", fromSamples: 3_723.45 * SAMPLE_RATE } as const;
  const deafened = { cause: "deafened", reason: "Deafened.", fromSamples: 1.5 * SAMPLE_RATE } as const;
  const interruptions = [{ ...lost, toSamples: 3_733.9 * SAMPLE_RATE }, deafened];
  const report = gapReport(over([zoe({ written: 9 })], { interruptions }));
  assert.deepEqual(
    report.recording.map(({ text }) => text),
    [
      "Nobody could be heard from 1:02:03.4 to 1:02:13.9 (10.5 s): Lost.",
      "Nobody can be heard since 0:01.5: Deafened.",
    ],
  );
  assert.equal(report.complete, false);
  assert.equal(report.tracks[0]?.verdict, "Nothing else is missing");
});

test("what nobody sent, and a process that died, concern the whole recording", () => {
  const connection = { datagrams: 99, notMedia: 0, unattributed: 7 };
  const lengthSamples = 65 * SAMPLE_RATE;
  const writerDeaths = [30 * SAMPLE_RATE];
  const report = gapReport(over([], { connection, recovered: true, lengthSamples, writerDeaths }));
  assert.deepEqual(
    report.recording.map(({ text }) => text),
    [
      "The part of the recorder that writes the files crashed shortly before 0:30.0: up to a second of each voice may be missing.",
      "The recorder itself crashed or was killed at 1:05.0: up to 2 s before that and everything after it are missing.",
      "7 packets (0.14 s) came from people whom Discord never named: on no track.",
    ],
  );
});

test("where the writer could not tell what it wrote, nobody is told that it is complete", () => {
  const failed = over([zoe({ written: 9 })], { state: "failed" });
  assert.deepEqual(sentences(failed), ["How much of it reached the disk is not known."]);
  const closed = over([zoe({ written: 9 }, { writtenSamples: 8_640 })], { state: "failed" });
  assert.equal(gapReport(closed).tracks[0]?.verdict, "Nothing else is known to be missing");
  const uncounted = over([{ track: 1, userId: "1", name: "Zoë" }]);
  assert.deepEqual(sentences(uncounted), ["How complete it is, is not known."]);
  assert.equal(gapReport(uncounted).complete, false);
});

test("somebody who cannot be decrypted is told while it lasts, or where they have no track to tell it on", () => {
  const span = { userId: "1", name: "Zoë", fromSamples: 5 * SAMPLE_RATE };
  const running = over([zoe({ written: 9, held: 500 })], { state: "recording", unheard: [span] });
  assert.deepEqual(sentences(running), ["speaks and cannot be decrypted since 0:05.0."]);
  const opened = over([zoe({ written: 509 })], { unheard: [{ ...span, toSamples: 15 * SAMPLE_RATE }] });
  assert.ok(gapReport(opened).complete, "its key came after all");
  const { recording } = gapReport(over([], { unheard: [{ ...span, toSamples: 15 * SAMPLE_RATE }] }));
  assert.deepEqual(
    recording.map(({ name, text }) => [name, text]),
    [["Zoë", "spoke and could not be decrypted from 0:05.0 to 0:15.0."]],
  );
});
