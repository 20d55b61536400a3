import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { FRAME_SAMPLES, SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import { DATA_START } from "../../../src/audio/wav-header.ts";
import type { LeftRecording } from "../../../src/recordings/recovery-stage.ts";
import { recoverFolder } from "../../../src/writer/recovery/recover-folder.ts";
import { missing, readWithFfprobe, readWithSox, readWithWavefile } from "../../support/wav-readers.ts";
import { sampleAt, STARTED_AT_MS } from "../recording-setup.ts";
import { digestsOf, filesOf, LeftBehind, manifestIn, STARTED, trackPath } from "./left-behind.ts";
import type { Speech } from "./left-behind.ts";

const SECOND = 50;
/** Three people, the second of whom speaks longest. */
const SPEECH: readonly Speech[] = [
  { track: 1, position: 0, frames: 2 * SECOND },
  { track: 2, position: 48_000, frames: 3 * SECOND },
  { track: 3, position: 96_000, frames: 10 },
];
const LENGTH = 48_000 + 3 * SAMPLE_RATE;

/** Every sample that was written is where it was, and silence everywhere else. */
function assertAudio(
  file: string,
  lengthSamples: number,
  spoken: readonly Speech[],
  channels: 1 | 2 = 1,
): void {
  const { interleaved, samples, channels: found } = readWithWavefile(file);
  assert.deepEqual([samples, found], [lengthSamples, channels]);
  const expected = new Int16Array(lengthSamples * channels);
  for (const { track, position, frames } of spoken)
    for (let at = position; at < position + frames * FRAME_SAMPLES; at++)
      for (let channel = 0; channel < channels; channel++)
        expected[at * channels + channel] = sampleAt(track, at, channel);
  assert.ok(Buffer.from(interleaved.buffer).equals(Buffer.from(expected.buffer)), `${file}: the samples`);
}

function recovered(left: LeftRecording) {
  const outcome = recoverFolder(left);
  assert.equal(outcome.kind, "recovered");
  const manifest = manifestIn(left);
  assert.deepEqual(outcome.kind === "recovered" && outcome.manifest, manifest);
  return manifest;
}

function of(track: number): readonly Speech[] {
  return SPEECH.filter((speech) => speech.track === track);
}

for (const channels of [1, 2] as const)
  test(`what a killed process left becomes ${channels === 1 ? "mono" : "stereo"} tracks of one length, every sample in its place`, () => {
    using data = new LeftBehind();
    const left = data.record({
      channels,
      speech: SPEECH,
      names: { 1: "Zoë" },
      known: [{ track: 1, userId: "100001", name: "Zoë" }],
      changes: { notice: { channelId: "5", messageId: "6" } },
    });
    const longer = fs.statSync(trackPath(left, "02-100002.wav")).size;
    assert.ok(longer > DATA_START + LENGTH * 2 * channels, "it had been extended ahead");
    const manifest = recovered(left);
    assert.equal(manifest.state, "finished");
    assert.equal(manifest.recovered, true);
    assert.equal(manifest.error?.code, "E-INTERRUPTED");
    assert.equal(manifest.lengthSamples, LENGTH);
    assert.equal(manifest.startedAtMs, STARTED_AT_MS);
    assert.equal(manifest.endedAtMs, STARTED_AT_MS + 4_000);
    assert.deepEqual(manifest.notice, { channelId: "5", messageId: "6" });
    assert.deepEqual(
      manifest.tracks.map(({ track, userId, name, file }) => [track, userId, name, file]),
      [
        [1, "100001", "Zoë", "01-Zoë.wav"],
        [2, "100002", "100002", "02-100002.wav"],
        [3, "100003", "100003", "03-100003.wav"],
      ],
    );
    for (const { track, file = "", samples, sizeBytes } of manifest.tracks) {
      const place = trackPath(left, file);
      assertAudio(place, LENGTH, of(track), channels);
      assert.deepEqual([samples, sizeBytes], [LENGTH, fs.statSync(place).size]);
      if (!missing("ffprobe")) assert.equal(readWithFfprobe(place).samples, LENGTH);
      if (!missing("sox")) assert.equal(readWithSox(place).samples, LENGTH);
    }
    assert.deepEqual(filesOf(left), [
      "events.ndjson",
      "recording.json",
      "tracks/01-Zoë.wav",
      "tracks/02-100002.wav",
      "tracks/03-100003.wav",
      "untold",
    ]);
  });

test("what happened last sets the length where it lies behind all audio, and everything said before is kept", () => {
  using data = new LeftBehind();
  const left = data.record({
    speech: SPEECH,
    events: [STARTED, { atMs: STARTED_AT_MS + 9_000, position: 9 * SAMPLE_RATE, kind: "left", userId: "7" }],
    changes: { interruptions: [{ cause: "connection", fromSamples: 8 * SAMPLE_RATE, reason: "gone" }] },
  });
  const manifest = recovered(left);
  assert.equal(manifest.lengthSamples, 9 * SAMPLE_RATE);
  assert.equal(manifest.interruptions?.[0]?.toSamples, 9 * SAMPLE_RATE);
  for (const { track, file = "" } of manifest.tracks)
    assertAudio(trackPath(left, file), 9 * SAMPLE_RATE, of(track));
  const lines = fs.readFileSync(path.join(left.directory, "events.ndjson"), "utf8").trimEnd().split("\n");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).kind),
    ["started", "left", "recovered"],
  );
});

test("a torn line of events, half a sample and half-made files are cut away; what came before stays", () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH });
  const events = path.join(left.directory, "events.ndjson");
  const before = fs.readFileSync(events, "utf8");
  fs.appendFileSync(events, '{"atMs":17,"kind":"jo');
  for (const draft of ["recording.json.tmp", "events.ndjson.tmp", "recording.json.0badc0de.tmp"])
    fs.writeFileSync(path.join(left.directory, draft), "half");
  // As a power cut leaves it: the file's size reached the disk in the middle of a sample, the header claims more.
  const cut = DATA_START + 2 * (SAMPLE_RATE + 100) + 1;
  fs.truncateSync(trackPath(left, "01-100001.wav"), cut);
  const manifest = recovered(left);
  assert.equal(manifest.lengthSamples, LENGTH);
  const { interleaved } = readWithWavefile(trackPath(left, "01-100001.wav"));
  assert.equal(interleaved.length, LENGTH);
  for (let at = 0; at < SAMPLE_RATE + 100; at++) assert.equal(interleaved[at], sampleAt(1, at, 0));
  assert.equal(
    interleaved.findLastIndex((sample) => sample !== 0),
    SAMPLE_RATE + 99,
  );
  const text = fs.readFileSync(events, "utf8");
  assert.ok(text.startsWith(before));
  assert.match(text.slice(before.length), /^\{[^\n]*"kind":"recovered"\}\n$/);
  assert.deepEqual(
    filesOf(left).filter((file) => file.endsWith(".tmp")),
    [],
  );
});

for (const [what, damage] of [
  ["is a page of zeros", (head: Buffer) => head.fill(0)],
  ["is torn after the first sector", (head: Buffer) => head.fill(0, 512)],
  ["claims nothing", (head: Buffer) => head.writeUInt32LE(0, DATA_START - 4)],
  ["claims more than there is", (head: Buffer) => head.writeUInt32LE(2 ** 31, DATA_START - 4)],
] as const)
  test(`a header that ${what} is made anew, and the audio behind it is heard`, () => {
    using data = new LeftBehind();
    const left = data.record({ speech: SPEECH });
    const place = trackPath(left, "02-100002.wav");
    const bytes = fs.readFileSync(place);
    damage(bytes.subarray(0, DATA_START));
    fs.writeFileSync(place, bytes);
    assert.equal(recovered(left).lengthSamples, LENGTH);
    for (const { track, file = "" } of manifestIn(left).tracks)
      assertAudio(trackPath(left, file), LENGTH, of(track));
  });

test("somebody of whom nothing reached the disk has a track of silence", () => {
  using data = new LeftBehind();
  const left = data.record({
    speech: SPEECH,
    known: [{ track: 4, userId: "100004", name: "Ben" }],
    events: [STARTED, { atMs: STARTED_AT_MS, position: 10, kind: "track", track: 5, userId: "100005" }],
  });
  fs.writeFileSync(trackPath(left, "06-100006.wav"), "");
  const manifest = recovered(left);
  assert.deepEqual(
    manifest.tracks.slice(3).map(({ userId, file }) => [userId, file]),
    [
      ["100004", "04-Ben.wav"],
      ["100005", "05-100005.wav"],
      ["100006", "06-100006.wav"],
    ],
  );
  for (const { file = "" } of manifest.tracks.slice(3)) assertAudio(trackPath(left, file), LENGTH, []);
});

test(
  "a track of no samples is empty for others, not their reading of its tags",
  { skip: missing("ffprobe", "sox") },
  () => {
    using data = new LeftBehind();
    const left = data.record({
      known: [{ track: 1, userId: "100001", name: "Zoë" }],
      changes: { startedAtMs: 5 },
    });
    const { lengthSamples, tracks } = recovered(left);
    assert.equal(lengthSamples, 0);
    const file = trackPath(left, tracks[0]?.file ?? "");
    assert.equal(readWithFfprobe(file).samples ?? 0, 0);
    assert.equal(readWithSox(file).samples, 0);
    assert.equal(readWithWavefile(file).samples, 0);
  },
);

test("a name that reached the header alone is the name; the user is known from the events", () => {
  using data = new LeftBehind();
  const left = data.record({
    speech: SPEECH,
    names: { 2: "山田 太郎" },
    events: [STARTED, { atMs: STARTED_AT_MS, position: 10, kind: "track", track: 2, userId: "100002" }],
  });
  const track = recovered(left).tracks[1];
  assert.deepEqual([track?.name, track?.userId, track?.file], ["山田 太郎", "100002", "02-山田_太郎.wav"]);
});

test("a file that others put among the tracks is left as it is, and said to be a problem", () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH });
  fs.writeFileSync(trackPath(left, "09-notes.wav"), "dear diary");
  const manifest = recovered(left);
  assert.equal(fs.readFileSync(trackPath(left, "09-notes.wav"), "utf8"), "dear diary");
  assert.match(manifest.tracks[3]?.problem ?? "", /not written by the recorder/);
  for (const { track, file = "" } of manifest.tracks.slice(0, 3))
    assertAudio(trackPath(left, file), LENGTH, of(track));
});

test("a recording that had not begun is failed, not finished", () => {
  using data = new LeftBehind();
  const left = data.record({ events: [], changes: { state: "connecting" } });
  const text = fs.readFileSync(path.join(left.directory, "recording.json"), "utf8");
  const { startedAtMs: _never, ...manifest } = JSON.parse(text);
  fs.writeFileSync(path.join(left.directory, "recording.json"), JSON.stringify(manifest));
  const failed = recovered(left);
  assert.equal(failed.state, "failed");
  assert.equal(failed.recovered, undefined);
  assert.match(failed.error?.message ?? "", /before this recording began/);
});

test("a track past 4 GiB is recovered as RF64, without reading all of it", () => {
  using data = new LeftBehind();
  const late = Math.ceil(2 ** 32 / 4 / FRAME_SAMPLES) * FRAME_SAMPLES;
  const left = data.record({
    channels: 2,
    speech: [
      { track: 1, position: late, frames: 2 },
      { track: 2, position: 0, frames: 1 },
    ],
  });
  const manifest = recovered(left);
  const lengthSamples = late + 2 * FRAME_SAMPLES;
  assert.equal(manifest.lengthSamples, lengthSamples);
  for (const { file = "" } of manifest.tracks) {
    if (!missing("ffprobe")) assert.equal(readWithFfprobe(trackPath(left, file)).samples, lengthSamples);
    assert.ok(fs.statSync(trackPath(left, file)).blocks * 512 < 2_000_000, "it is sparse");
  }
});

test("a recording that was recovered is left as it is", () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH });
  recovered(left);
  const before = digestsOf(left.directory);
  assert.equal(recoverFolder(left).kind, "restored");
  assert.deepEqual(digestsOf(left.directory), before);
});
