import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { archiveName } from "../../../src/recordings/archive-name.ts";
import type { Manifest } from "../../../src/recordings/manifest.ts";
import { Storage } from "../../../src/recordings/storage.ts";
import { zipBytes } from "../../../src/jobs/zip-file.ts";
import { sleep } from "../../support/wait.ts";
import { killedAt } from "./killed.ts";
import { digests, Workshop } from "./workshop.ts";
import { noZipReaders, pythonList, unzipTests } from "./zip-readers.ts";

const options = { timeout: 180_000 };
const withReaders = { ...options, skip: noZipReaders() };
const two = [
  { name: "Zoë", dbfs: -20, file: "01-Zoë.wav" },
  { name: "山田", dbfs: "silence", file: "02-山田.wav" },
] as const;

function zipPath(workshop: Workshop, manifest: Manifest): string {
  return path.join(workshop.storage.exportsDirectory(manifest.id), archiveName(manifest));
}

test(
  "the ZIP holds every file as it is, stored, under names that two other programs read",
  withReaders,
  async () => {
    await using workshop = await Workshop.open();
    const manifest = await workshop.add(two, { title: "Zoë's Show" });
    const progress: number[] = [];
    await workshop.processors().archive({ recordingId: manifest.id }, workshop.context(undefined, progress));
    const zip = zipPath(workshop, manifest);
    assert.match(unzipTests(zip), /No errors detected/);
    const folder = workshop.storage.directory(manifest.id);
    const onDisk = digests(folder);
    const entries = pythonList(zip);
    assert.deepEqual(
      entries.map(({ name, sha256, method }) => [name, sha256, method]),
      [
        ["Zoë_s_Show/recording.json", onDisk["recording.json"], 0],
        ["Zoë_s_Show/events.ndjson", onDisk["events.ndjson"], 0],
        ["Zoë_s_Show/01-Zoë.wav", onDisk["tracks/01-Zoë.wav"], 0],
        ["Zoë_s_Show/02-山田.wav", onDisk["tracks/02-山田.wav"], 0],
      ],
    );
    assert.equal(
      fs.statSync(zip).size,
      zipBytes(entries.map(({ name, size }) => ({ name, sizeBytes: size }))),
    );
    assert.ok((await workshop.storage.readManifest(manifest.id))?.checked, "the tracks were checked first");
    assert.ok(progress.every((fraction) => fraction >= 0 && fraction <= 1));
    assert.equal(progress.at(-1), 1);
    assert.deepEqual(fs.readdirSync(path.dirname(zip)), [archiveName(manifest)]);
  },
);

test("made again, even after its loss, the ZIP has the same bytes", options, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add(two);
  const { archive } = workshop.processors();
  await archive({ recordingId: manifest.id }, workshop.context());
  const folder = workshop.storage.directory(manifest.id);
  const before = digests(folder);
  const { mtimeMs } = fs.statSync(zipPath(workshop, manifest));
  await archive({ recordingId: manifest.id }, workshop.context());
  assert.equal(fs.statSync(zipPath(workshop, manifest)).mtimeMs, mtimeMs, "what is there is not made again");
  fs.rmSync(zipPath(workshop, manifest));
  await sleep(1100);
  await archive({ recordingId: manifest.id }, workshop.context());
  assert.deepEqual(digests(folder), before);
});

test("a ZIP that is older than what is in it is made anew", options, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add(two);
  const { archive } = workshop.processors();
  await archive({ recordingId: manifest.id }, workshop.context());
  const before = fs.readFileSync(zipPath(workshop, manifest));
  fs.appendFileSync(path.join(workshop.storage.directory(manifest.id), "events.ndjson"), '{"kind":"left"}\n');
  await archive({ recordingId: manifest.id }, workshop.context());
  assert.ok(fs.readFileSync(zipPath(workshop, manifest)).length > before.length);
});

test(
  "killed in the middle and run again, it leaves the bytes of a run that was not",
  withReaders,
  async () => {
    await using workshop = await Workshop.open();
    // Silence is a hole on the disk, and 58 MB in the ZIP.
    const manifest = await workshop.add([...two, { name: "Ben", dbfs: "silence" }], { seconds: 300 });
    const { archive } = workshop.processors();
    await archive({ recordingId: manifest.id }, workshop.context());
    const zip = zipPath(workshop, manifest);
    const folder = workshop.storage.directory(manifest.id);
    const expected = digests(folder);
    for (const reports of [1, 50, 150]) {
      fs.rmSync(zip);
      assert.ok(
        await killedAt(reports, workshop.dataDirectory, "archive", manifest.id),
        "it died in the middle",
      );
      assert.equal(fs.existsSync(zip), false, "half a ZIP is never seen");
      assert.equal(await workshop.storage.archiveFile(manifest), undefined);
      // At the first report the file may not be there yet; later the half-made one lies beside where the ZIP belongs.
      if (reports > 1) assert.equal(fs.readdirSync(path.dirname(zip)).length, 1, "it had begun");
      await archive({ recordingId: manifest.id }, workshop.context());
      assert.deepEqual(digests(folder), expected);
    }
    assert.match(unzipTests(zip), /No errors detected/);
  },
);

test("hostile titles and file names end inside the ZIP's own folder", withReaders, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add(
    [
      { name: "../../etc/passwd", dbfs: "silence", file: "01-..wav" },
      { name: "CON", dbfs: "silence", file: "02-CON.wav" },
      { name: "bidi", dbfs: "silence", file: "03-a\u202evaw.exe\nb.wav" },
      { name: "stars", dbfs: "silence", file: '04-*?<>|":.wav' },
    ],
    { title: "../../../tmp/evil\u0000\r\nX: y" },
  );
  await workshop.processors({ ffmpeg: "/nowhere" }).archive({ recordingId: manifest.id }, workshop.context());
  const names = pythonList(zipPath(workshop, manifest)).map(({ name }) => name);
  assert.deepEqual(names.slice(2), [
    "tmp_evil_X_y/01-..wav",
    "tmp_evil_X_y/02-CON.wav",
    "tmp_evil_X_y/03-a_vaw_exe_b.wav",
    "tmp_evil_X_y/04-user.wav",
  ]);
  const target = fs.mkdtempSync(path.join(workshop.dataDirectory, "out-"));
  execFileSync("unzip", ["-q", zipPath(workshop, manifest), "-d", target]);
  assert.deepEqual(fs.readdirSync(target), ["tmp_evil_X_y"]);
});

test("a recording in which nobody spoke has a ZIP of what is known", withReaders, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add([]);
  await workshop.processors().archive({ recordingId: manifest.id }, workshop.context());
  assert.equal(pythonList(zipPath(workshop, manifest)).length, 2);
});

test("past 4 GiB the size counts Zip64 records", () => {
  const name = "a/01-Zoë.wav";
  const nameBytes = Buffer.byteLength(name);
  const plain = 30 + nameBytes + 16 + 46 + nameBytes + 9 + 22;
  assert.equal(zipBytes([{ name, sizeBytes: 1000 }]), 1000 + plain);
  // Data descriptor 8 longer, extra field of 28, records of 56 and 20 at the end (APPNOTE 4.3.9.2, 4.5.3, 4.3.14, 4.3.15).
  const sizeBytes = 5 * 2 ** 30;
  assert.equal(zipBytes([{ name, sizeBytes }]), sizeBytes + plain + 8 + 28 + 56 + 20);
});

test("an abort in the middle leaves nothing behind and loses nothing", options, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add(two, { seconds: 900 });
  const processors = workshop.processors({ ffmpeg: "/nowhere" });
  await processors.finish({ recordingId: manifest.id }, workshop.context());
  const folder = workshop.storage.directory(manifest.id);
  const before = digests(folder);
  const controller = new AbortController();
  const context = {
    ...workshop.context(controller.signal),
    progress: (fraction: number) => {
      if (fraction > 0.3) controller.abort(new Error("cancelled"));
    },
  };
  await assert.rejects(processors.archive({ recordingId: manifest.id }, context), /cancelled/);
  assert.deepEqual(digests(folder), before);
});

test("too little space is said before a byte is written", options, async () => {
  await using workshop = await Workshop.open();
  const manifest = await workshop.add(two);
  const processors = workshop.processors({ diskReserveBytes: Number.MAX_SAFE_INTEGER });
  await assert.rejects(processors.archive({ recordingId: manifest.id }, workshop.context()), {
    code: "E-DISK",
    message: /needs 1 MB, and the disk has 0 MB to spare/,
  });
  assert.deepEqual(fs.readdirSync(workshop.storage.exportsDirectory(manifest.id)), []);
});

/** Says that there is space, as a disk does that somebody else fills meanwhile. */
class OptimisticStorage extends Storage {
  override async freeBytes(): Promise<number> {
    return Number.MAX_SAFE_INTEGER;
  }
}

test(
  "a disk that becomes full in mid-archive is named, the rest removed, nothing lost",
  options,
  async (t) => {
    const disk = fs.mkdtempSync(path.join(process.env["TMPDIR"] ?? "/tmp", "full-disk-"));
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      fs.rmSync(disk, { recursive: true });
      t.skip("a small file system can only be mounted by root");
      return;
    }
    try {
      await using workshop = await Workshop.open({
        dataDirectory: path.join(disk, "data"),
        storageIn: (directory) => new OptimisticStorage(directory),
      });
      // 1.15 MB of holes that the ZIP must really store, beside 1 MB that lies there already.
      const manifest = await workshop.add([{ name: "Zoë", dbfs: "silence" }], { seconds: 12 });
      fs.writeFileSync(path.join(disk, "ballast"), Buffer.alloc(1_200_000));
      const processors = workshop.processors({ ffmpeg: "/nowhere" });
      await processors.finish({ recordingId: manifest.id }, workshop.context());
      const folder = workshop.storage.directory(manifest.id);
      const before = digests(folder);
      await assert.rejects(processors.archive({ recordingId: manifest.id }, workshop.context()), {
        code: "E-DISK",
        message: "The ZIP of the recording could not be written: the disk is full.",
      });
      assert.deepEqual(digests(folder), before);
      fs.rmSync(path.join(disk, "ballast"));
      await processors.archive({ recordingId: manifest.id }, workshop.context());
      assert.ok(await workshop.storage.archiveFile(manifest), "with space again it succeeds");
    } finally {
      execFileSync("umount", [disk]);
      fs.rmSync(disk, { recursive: true });
    }
  },
);

test(
  "a recording that runs has no ZIP, one that is gone needs none, a corrupt one is left alone",
  options,
  async () => {
    await using workshop = await Workshop.open();
    const { archive } = workshop.processors();
    const running = await workshop.add(two, { state: "recording" });
    await assert.rejects(archive({ recordingId: running.id }, workshop.context()), {
      code: "E-STILL-RECORDING",
    });
    const gone = await workshop.add(two);
    fs.rmSync(workshop.storage.directory(gone.id), { recursive: true });
    await archive({ recordingId: gone.id }, workshop.context());
    assert.equal(fs.existsSync(workshop.storage.directory(gone.id)), false, "its folder is not made anew");
    const corrupt = await workshop.add(two);
    fs.writeFileSync(path.join(workshop.storage.directory(corrupt.id), "recording.json"), "{}");
    await assert.rejects(archive({ recordingId: corrupt.id }, workshop.context()), {
      name: "PermanentFailure",
    });
  },
);
