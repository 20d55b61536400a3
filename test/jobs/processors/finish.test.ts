import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { PermanentFailure } from "../../../src/jobs/job-runner.ts";
import { loudnessOf } from "../../../src/jobs/media-tools.ts";
import { readWithFfprobe, missing, readWithSox } from "../../support/wav-readers.ts";
import { killedAt } from "./killed.ts";
import { audioOf, digests, Workshop } from "./workshop.ts";

const options = { timeout: 180_000 };
const withFfmpeg = { ...options, skip: missing("ffmpeg", "sox") };
const abroad = "/nowhere/ffmpeg";

test("a tone at −20 dBFS is measured at −23 LUFS, and the header says so", withFfmpeg, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([{ name: "Zoë", dbfs: -20 }], { seconds: 5 });
  const file = workshop.trackPath(manifest);
  const before = audioOf(file);
  const sizeBytes = fs.statSync(file).size;
  await workshop.processors().finish({ recordingId: manifest.id }, workshop.context());
  const finished = await workshop.storage.readManifest(manifest.id);
  assert.deepEqual(finished?.checked, { reader: "ffprobe", loudness: "measured" });
  const loudness = finished?.tracks[0]?.loudness;
  // A sine of 0 dBFS on one channel has −3.01 LUFS (ITU-R BS.1770-4); EBU Tech 3341 allows ±0.1 LU.
  assert.ok(Math.abs((loudness?.integratedLufs ?? 0) + 23) <= 0.1, JSON.stringify(loudness));
  assert.ok(Math.abs((loudness?.truePeakDbtp ?? 0) + 20) <= 0.2, JSON.stringify(loudness));
  assert.equal(finished?.tracks[0]?.sizeBytes, sizeBytes);
  assert.equal(finished?.tracks[0]?.problem, undefined);
  assert.equal(audioOf(file), before, "samples and what follows them are untouched");
  assert.equal(fs.statSync(file).size, sizeBytes);
  // ffprobe tells bext fields as tags; the loudness fields it does not know, so the bytes are read at the standard's place.
  const head = fs.readFileSync(file).subarray(0, 4096);
  const bext = head.indexOf("bext") + 8;
  assert.equal(head.readInt16LE(bext + 412), Math.round(100 * (loudness?.integratedLufs ?? 0)));
  assert.equal(head.readInt16LE(bext + 414), Math.round(100 * (loudness?.rangeLu ?? 0)));
  assert.equal(head.readInt16LE(bext + 416), Math.round(100 * (loudness?.truePeakDbtp ?? 0)));
  assert.equal(head.readInt16LE(bext + 418), 0x7fff);
  for (const { sampleRate, channels, samples } of [readWithFfprobe(file), readWithSox(file)])
    assert.deepEqual(
      { sampleRate, channels, samples },
      { sampleRate: 48_000, channels: 1, samples: 240_000 },
    );
  assert.deepEqual(await workshop.catalog.find(manifest.id), finished, "the catalog says the same");
});

test("a silent track is checked, and has no loudness", withFfmpeg, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([{ name: "Ben", dbfs: "silence" }], { channels: 2 });
  await workshop.processors().finish({ recordingId: manifest.id }, workshop.context());
  const finished = await workshop.storage.readManifest(manifest.id);
  assert.equal(finished?.checked?.loudness, "measured");
  assert.equal(finished?.tracks[0]?.loudness, undefined);
  assert.equal(finished?.tracks[0]?.problem, undefined);
});

test(
  "without ffmpeg the tracks are checked all the same, and the manifest says by what",
  options,
  async () => {
    await using workshop = await Workshop.open();
    const { peak: _unknown, ...track } = (await workshop.add([{ name: "Zoë", dbfs: -6 }])).tracks[0]!;
    const manifest = await workshop.add([{ name: "Zoë", dbfs: -6 }], { tracks: [track] });
    await workshop.processors({ ffmpeg: abroad }).finish({ recordingId: manifest.id }, workshop.context());
    const finished = await workshop.storage.readManifest(manifest.id);
    assert.deepEqual(finished?.checked, { reader: "header", loudness: "no-ffmpeg" });
    assert.match(workshop.logged, /ffmpeg is not installed/);
    // Half of full scale: 6 dB.
    assert.ok(Math.abs((finished?.tracks[0]?.peak ?? 0) - 32_767 * 10 ** (-6 / 20)) <= 1);
  },
);

test("what was measured once stays when ffmpeg has gone", withFfmpeg, async () => {
  await using workshop = await Workshop.open();
  const { id } = await workshop.add([{ name: "Zoë", dbfs: -20 }]);
  await workshop.processors().finish({ recordingId: id }, workshop.context());
  const before = digests(workshop.storage.directory(id));
  await workshop.processors({ ffmpeg: abroad }).finish({ recordingId: id }, workshop.context());
  assert.deepEqual(digests(workshop.storage.directory(id)), before);
});

test("a repeat leaves the same bytes and does not even touch the files", withFfmpeg, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([
    { name: "Zoë", dbfs: -20 },
    { name: "Ben", dbfs: -30 },
  ]);
  const { finish } = workshop.processors();
  await finish({ recordingId: manifest.id }, workshop.context());
  const folder = workshop.storage.directory(manifest.id);
  const before = digests(folder);
  const { mtimeMs } = fs.statSync(workshop.trackPath(manifest));
  await Promise.all([
    finish({ recordingId: manifest.id }, workshop.context()),
    finish({ recordingId: manifest.id }, workshop.context()),
  ]);
  assert.deepEqual(digests(folder), before);
  assert.equal(fs.statSync(workshop.trackPath(manifest)).mtimeMs, mtimeMs);
});

test(
  "killed in the middle and run again, it leaves the bytes of a run that was not",
  withFfmpeg,
  async () => {
    await using workshop = await Workshop.open();
    const sounds = [-12, -20, -30].map((dbfs, index) => ({ name: `Person ${index}`, dbfs }));
    const manifest = await workshop.add(sounds, { seconds: 20 });
    const folder = workshop.storage.directory(manifest.id);
    const original = path.join(workshop.dataDirectory, "original");
    fs.cpSync(folder, original, { recursive: true });
    await workshop.processors().finish({ recordingId: manifest.id }, workshop.context());
    const expected = digests(folder);
    for (const reports of [1, 2, 3]) {
      fs.rmSync(folder, { recursive: true });
      fs.cpSync(original, folder, { recursive: true });
      assert.ok(
        await killedAt(reports, workshop.dataDirectory, "finish", manifest.id),
        "it died in the middle",
      );
      assert.notDeepEqual(digests(folder), expected, "the kill came before the end");
      assert.equal(readWithFfprobe(workshop.trackPath(manifest, 1)).samples, 960_000);
      await workshop.processors().finish({ recordingId: manifest.id }, workshop.context());
      assert.deepEqual(digests(folder), expected);
    }
  },
);

test("what a process that was killed at the manifest left of it is removed", withFfmpeg, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([{ name: "Zoë", dbfs: -20 }]);
  const folder = workshop.storage.directory(manifest.id);
  fs.writeFileSync(path.join(folder, "recording.json.0123456789ab.tmp"), "{");
  await workshop.processors().finish({ recordingId: manifest.id }, workshop.context());
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.endsWith(".tmp")),
    [],
  );
});

test(
  "a track that is cut off, no WAV, or not there is named as such, and the others are finished",
  options,
  async () => {
    await using workshop = await Workshop.open();
    const sounds = ["Zoë", "Ben", "Chloe", "Dan"].map((name) => ({ name, dbfs: -20 }));
    const manifest = await workshop.add(sounds);
    fs.truncateSync(workshop.trackPath(manifest, 1), 50_000);
    fs.writeFileSync(workshop.trackPath(manifest, 2), "RIFFling");
    fs.rmSync(workshop.trackPath(manifest, 3));
    await workshop.processors().finish({ recordingId: manifest.id }, workshop.context());
    const finished = await workshop.storage.readManifest(manifest.id);
    const problems = finished?.tracks.map(({ problem }) => problem);
    assert.deepEqual(problems, [
      "The file is shorter than it says.",
      "The file cannot be read as a WAV. It does not begin like a WAV.",
      "The file is missing.",
      undefined,
    ]);
    assert.match(workshop.logged, /a finished track is not as it should be/);
    assert.equal(fs.statSync(workshop.trackPath(manifest, 1)).size, 50_000, "nothing is mended by guessing");
  },
);

test("a track of another length than the recording is named as such", options, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([{ name: "Zoë", dbfs: -20 }], { lengthSamples: 96_001 });
  await workshop.processors().finish({ recordingId: manifest.id }, workshop.context());
  const finished = await workshop.storage.readManifest(manifest.id);
  assert.equal(finished?.tracks[0]?.problem, "The file holds 96000 samples instead of 96001.");
});

test(
  "a recording that runs is refused, whatever the catalog says: only its folder knows",
  options,
  async () => {
    await using workshop = await Workshop.open();
    const manifest = await workshop.add([{ name: "Zoë", dbfs: -20 }], { state: "recording" });
    const { finish } = workshop.processors();
    await assert.rejects(finish({ recordingId: manifest.id }, workshop.context()), {
      code: "E-STILL-RECORDING",
    });
    await workshop.catalog.upsert({ ...manifest, state: "finished" });
    await assert.rejects(finish({ recordingId: manifest.id }, workshop.context()), {
      code: "E-STILL-RECORDING",
    });
    assert.deepEqual(await workshop.storage.readManifest(manifest.id), manifest);
  },
);

test(
  "a corrupt manifest fails for good and is left as it is; a recording that is gone is no failure",
  options,
  async () => {
    await using workshop = await Workshop.open();
    const manifest = await workshop.add([{ name: "Zoë", dbfs: -20 }]);
    const file = path.join(workshop.storage.directory(manifest.id), "recording.json");
    fs.writeFileSync(file, "{");
    const { finish } = workshop.processors();
    await assert.rejects(finish({ recordingId: manifest.id }, workshop.context()), (error: unknown) => {
      assert.ok(error instanceof PermanentFailure);
      return (error.cause as { code?: string }).code === "E-MANIFEST";
    });
    assert.equal(fs.readFileSync(file, "utf8"), "{");
    fs.rmSync(workshop.storage.directory(manifest.id), { recursive: true });
    await finish({ recordingId: manifest.id }, workshop.context());
  },
);

test("an aborted check ends soon and leaves the manifest", withFfmpeg, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([{ name: "Zoë", dbfs: "silence" }], { seconds: 3600 });
  const controller = new AbortController();
  const work = workshop
    .processors()
    .finish({ recordingId: manifest.id }, workshop.context(controller.signal));
  setTimeout(() => controller.abort(new Error("cancelled")), 300);
  await assert.rejects(work, /cancelled/);
  assert.equal((await workshop.storage.readManifest(manifest.id))?.checked, undefined);
});

test("ffmpeg's summary is read, and silence is no loudness", () => {
  const report = (lufs: string, peak: string) =>
    `noise\nSummary:\n\n  Integrated loudness:\n    I:  ${lufs} LUFS\n\n  Loudness range:\n    LRA: 3.2 LU\n\n  True peak:\n    Peak: ${peak} dBFS`;
  const expected = { integratedLufs: -18.5, rangeLu: 3.2, truePeakDbtp: -0.3 };
  assert.deepEqual(loudnessOf(report("-18.5", "-0.3")), expected);
  assert.equal(loudnessOf(report("-70.0", "-inf")), undefined);
  assert.equal(loudnessOf(""), undefined);
});

test("the tools get no secret of the process", withFfmpeg, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([{ name: "Zoë", dbfs: -20 }]);
  const spy = path.join(workshop.dataDirectory, "ffmpeg");
  const seen = path.join(workshop.dataDirectory, "environment");
  fs.writeFileSync(spy, `#!/bin/sh\nenv > '${seen}'\nexec ffmpeg "$@"\n`, { mode: 0o755 });
  process.env["LINK_SECRET"] = "do-not-tell";
  await workshop.processors({ ffmpeg: spy }).finish({ recordingId: manifest.id }, workshop.context());
  assert.match(fs.readFileSync(seen, "utf8"), /PATH=/);
  assert.doesNotMatch(fs.readFileSync(seen, "utf8"), /do-not-tell/);
  assert.ok(execFileSync("ffmpeg", ["-version"]).length > 0);
});
