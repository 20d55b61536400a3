import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { SAMPLE_RATE } from "../../../src/audio/pcm.ts";
import type { LeftRecording } from "../../../src/recordings/recovery-stage.ts";
import { newRecordingId } from "../../../src/recordings/recording-id.ts";
import { recoverFolder } from "../../../src/writer/recovery/recover-folder.ts";
import { readWithWavefile } from "../../support/wav-readers.ts";
import { STARTED_AT_MS } from "../recording-setup.ts";
import { digestsOf, filesOf, LeftBehind, manifestIn, trackPath } from "./left-behind.ts";

const SPEECH = [
  { track: 1, position: 0, frames: 50 },
  { track: 2, position: 24_000, frames: 50 },
];

function manifestPath({ directory }: LeftRecording): string {
  return path.join(directory, "recording.json");
}

/** Moved aside whole, under this name, every byte as it was. */
function assertQuarantined(data: LeftBehind, left: LeftRecording, number: number, bytes: object): void {
  const outcome = recoverFolder(left);
  const place = path.join(data.dataDirectory, "quarantine", `${left.id}-${number}`);
  assert.deepEqual(outcome.kind === "quarantined" && outcome.place, place);
  assert.deepEqual(digestsOf(place), bytes);
  assert.equal(fs.existsSync(left.directory), false);
}

for (const [what, text] of [
  ["missing", undefined],
  ["torn", '{"version": 1, "id": "'],
  ["a page of zeros", "\0".repeat(4_096)],
  ["of another recording", undefined],
] as const)
  test(`a manifest that is ${what} is made anew from what the tracks say of themselves`, () => {
    using data = new LeftBehind();
    const left = data.record({ speech: SPEECH, names: { 2: "Zoë & “Co”" } });
    const other = data.record();
    fs.rmSync(manifestPath(left));
    const written = what === "of another recording" ? fs.readFileSync(manifestPath(other), "utf8") : text;
    if (written !== undefined) fs.writeFileSync(manifestPath(left), written);
    assert.equal(recoverFolder(left).kind, "recovered");
    const manifest = manifestIn(left);
    assert.equal(manifest.id, left.id);
    assert.equal(manifest.title, "Élan & “friends” <1>");
    assert.deepEqual(manifest.guild, { id: "unknown", name: "Gilde" });
    assert.deepEqual(manifest.channel, { id: "unknown", name: "général" });
    assert.equal(manifest.startedAtMs, STARTED_AT_MS);
    assert.equal(manifest.lengthSamples, 24_000 + SAMPLE_RATE);
    assert.match(manifest.error?.message ?? "", /read from the tracks/);
    assert.deepEqual(
      manifest.tracks.map(({ name, samples }) => [name, samples]),
      [
        ["100001", 24_000 + SAMPLE_RATE],
        ["Zoë & “Co”", 24_000 + SAMPLE_RATE],
      ],
    );
    const kept = path.join(left.directory, "recording.unreadable.json");
    assert.equal(fs.existsSync(kept) ? fs.readFileSync(kept, "utf8") : undefined, written);
  });

test("a manifest that was whole but not in its place yet is used", () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH, changes: { title: "From the draft" } });
  fs.renameSync(manifestPath(left), `${manifestPath(left)}.tmp`);
  assert.equal(recoverFolder(left).kind, "recovered");
  assert.equal(manifestIn(left).title, "From the draft");
  assert.equal(manifestIn(left).guild.id, "1");
});

test("what the catalog remembers is used before the tracks are asked", () => {
  using data = new LeftBehind();
  const { id } = data.record({ speech: SPEECH });
  const known = manifestIn(data.left(id));
  const left = data.left(id, { ...known, title: "From the catalog" });
  fs.rmSync(manifestPath(left));
  assert.equal(recoverFolder(left).kind, "recovered");
  assert.equal(manifestIn(left).title, "From the catalog");
});

test("a finished recording whose manifest is gone gets it back from the catalog, its tracks untouched", () => {
  using data = new LeftBehind();
  const { id, directory } = data.record({ speech: SPEECH });
  recoverFolder(data.left(id));
  const before = digestsOf(directory);
  const known = manifestIn(data.left(id));
  fs.rmSync(path.join(directory, "recording.json"));
  assert.equal(recoverFolder(data.left(id, known)).kind, "restored");
  assert.deepEqual(digestsOf(directory), before);
});

test("an end that only the catalog was told of, since the disk took no more, is the end", () => {
  using data = new LeftBehind();
  const { id, directory } = data.record({ speech: SPEECH });
  const running = fs.readFileSync(path.join(directory, "recording.json"));
  recoverFolder(data.left(id));
  const error = { code: "E-DISK", message: "The disk is full." };
  const { recovered: _recovered, ...manifest } = manifestIn(data.left(id));
  const known = { ...manifest, state: "failed" as const, error };
  fs.writeFileSync(path.join(directory, "recording.json"), running);
  assert.equal(recoverFolder(data.left(id, known)).kind, "restored");
  assert.deepEqual(manifestIn(data.left(id)), known);
  assert.ok(!filesOf(data.left(id)).includes("recording.unreadable.json"));
});

test("a finished track keeps its length where the manifest is lost, however long its silence", () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH, changes: { lengthSamples: 20 * SAMPLE_RATE } });
  recoverFolder(left);
  for (const file of ["recording.json", "events.ndjson"]) fs.rmSync(path.join(left.directory, file));
  const before = fs.readFileSync(trackPath(left, "01-100001.wav"));
  assert.equal(recoverFolder(left).kind, "recovered");
  assert.equal(manifestIn(left).lengthSamples, 20 * SAMPLE_RATE);
  assert.deepEqual(fs.readFileSync(trackPath(left, "01-100001.wav")), before);
  assert.equal(readWithWavefile(trackPath(left, "02-100002.wav")).samples, 20 * SAMPLE_RATE);
});

test("a folder that nothing explains is moved aside whole, each time under a name of its own", () => {
  using data = new LeftBehind();
  for (const number of [1, 2]) {
    const left = data.left("A".repeat(22));
    fs.mkdirSync(path.join(left.directory, "tracks"), { recursive: true });
    fs.writeFileSync(path.join(left.directory, "recording.json"), "{}");
    fs.writeFileSync(path.join(left.directory, "tracks", "01-x.wav"), `no WAV ${number}`);
    assertQuarantined(data, left, number, digestsOf(left.directory));
  }
});

test("tracks of another recording explain nothing", () => {
  using data = new LeftBehind();
  const { directory } = data.record({ speech: SPEECH });
  const left = data.left(newRecordingId());
  fs.renameSync(directory, left.directory);
  fs.rmSync(manifestPath(left));
  assertQuarantined(data, left, 1, digestsOf(left.directory));
});

test("a recording none of whose tracks is a WAV of ours is moved aside, manifest and all", () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH });
  for (const file of ["01-100001.wav", "02-100002.wav"])
    fs.writeFileSync(trackPath(left, file), "OggS and so on");
  assertQuarantined(data, left, 1, digestsOf(left.directory));
});

test("what a later version wrote is kept as it is", () => {
  using data = new LeftBehind();
  const left = data.record({ speech: SPEECH });
  fs.writeFileSync(manifestPath(left), JSON.stringify({ ...manifestIn(left), version: 2 }));
  const before = digestsOf(left.directory);
  assert.equal(recoverFolder(left).kind, "kept");
  assert.deepEqual(digestsOf(left.directory), before);
});

test("a folder in which nothing had been written yet is removed", () => {
  using data = new LeftBehind();
  for (const draft of [undefined, '{"versi']) {
    const left = data.left(newRecordingId());
    fs.mkdirSync(path.join(left.directory, "tracks"), { recursive: true });
    if (draft !== undefined) fs.writeFileSync(`${manifestPath(left)}.tmp`, draft);
    assert.equal(recoverFolder(left).kind, "removed");
    assert.equal(fs.existsSync(left.directory), false);
  }
});

test("a folder with anything else in it is never removed", () => {
  using data = new LeftBehind();
  const left = data.left(newRecordingId());
  fs.mkdirSync(left.directory);
  fs.writeFileSync(path.join(left.directory, "notes.txt"), "mine");
  assertQuarantined(data, left, 1, { "notes.txt": digestsOf(left.directory)["notes.txt"] });
  assert.deepEqual(filesOf(data.left(`../quarantine/${left.id}-1`)), ["notes.txt"]);
});
