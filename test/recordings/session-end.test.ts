import assert from "node:assert/strict";
import { test } from "node:test";
import { RecorderError } from "../../src/errors.ts";
import { Gate } from "./stages/journal.ts";
import { request, Studio, until } from "./stages/studio.ts";

const options = { timeout: 60_000 };

test(
  "a stopped recording is closed, written, in the catalog, let go, and its notice taken down",
  options,
  async () => {
    await using studio = await Studio.open();
    const { id } = await studio.recorder.start(request({ title: " Weekly " }));
    studio.hear(1);
    studio.hear(2);
    const manifest = await studio.recorder.stop("1");
    assert.equal(manifest.state, "finished");
    assert.equal(manifest.title, "Weekly");
    assert.equal(manifest.lengthSamples, 96_000);
    assert.equal(manifest.endedAtMs, (manifest.startedAtMs ?? 0) + 2_000);
    assert.deepEqual(
      manifest.tracks.map(({ track, userId, name, file, samples }) => ({
        track,
        userId,
        name,
        file,
        samples,
      })),
      [
        { track: 1, userId: "1001", name: "user-1001", file: "01-user-1001.wav", samples: 96_000 },
        { track: 2, userId: "1002", name: "user-1002", file: "02-user-1002.wav", samples: 96_000 },
      ],
    );
    assert.equal(manifest.tracks[0]?.counts?.written, 50);
    assert.deepEqual(await studio.catalog.find(id), manifest);
    assert.deepEqual(await studio.storage.readManifest(id), manifest);
    await until(() => studio.journal.count("notices.clear finished") === 1);
    const order = studio.journal.only(
      "capture.stop",
      "writer.close",
      "writer.writeManifest finished",
      "writer.release",
    );
    assert.deepEqual(order, [
      "capture.stop",
      "writer.close",
      "writer.writeManifest finished",
      "writer.release",
    ]);
    assert.equal(studio.recorder.status("1"), undefined);
    assert.equal(studio.recorder.totals.finished, 1);
    assert.equal(studio.recorder.totals.packets.received, 100);
  },
);

test("a full disk ends the recording as failed, with everything before it listed", options, async () => {
  await using studio = await Studio.open();
  const { id } = await studio.recorder.start(request());
  studio.hear(1);
  const error = {
    code: "E-DISK-FULL",
    message: "The disk is full.",
    remedy: "Free space.",
    detail: "ENOSPC",
  };
  studio.writer.fault(studio.capture.handle, error);
  await until(async () => (await studio.catalog.find(id))?.state === "failed");
  const manifest = await studio.catalog.find(id);
  assert.deepEqual(manifest?.error, { code: "E-DISK-FULL", message: "The disk is full." });
  assert.equal(manifest?.tracks[0]?.file, "01-user-1001.wav");
  await until(() => studio.journal.count("notices.clear failed") === 1);
  assert.equal(studio.journal.count("writer.release"), 1);
  assert.ok(studio.writer.events.some((event) => event.kind === "fault"));
});

test("a kick ends the recording by itself: finished, with the reason", options, async () => {
  await using studio = await Studio.open();
  const { id } = await studio.recorder.start(request());
  studio.hear(1);
  const error = {
    code: "E-KICKED",
    message: "The bot was disconnected.",
    remedy: "Start again.",
    detail: "",
  };
  studio.capture.emit({ kind: "ended", handle: studio.capture.handle, error });
  await until(async () => (await studio.catalog.find(id))?.state === "finished");
  assert.equal((await studio.catalog.find(id))?.error?.code, "E-KICKED");
  await until(() => studio.recorder.status("1") === undefined);
});

test("a capture that cannot say where the end is costs a deadline, not the tracks", options, async () => {
  await using studio = await Studio.open({ timing: { stopMs: 30 } });
  await studio.recorder.start(request());
  studio.hear(1);
  studio.capture.progress();
  studio.capture.stopGate = new Gate();
  const manifest = await studio.recorder.stop("1");
  assert.equal(manifest.state, "failed");
  assert.equal(manifest.error?.code, "E-TIMEOUT");
  assert.equal(manifest.lengthSamples, 48_000);
  assert.equal(manifest.tracks[0]?.file, "01-user-1001.wav");
});

test("a writer that cannot close leaves the files that are in the folder", options, async () => {
  await using studio = await Studio.open();
  await studio.recorder.start(request());
  studio.hear(1);
  await until(() => studio.journal.count("writer.nameTrack 1 user-1001") === 1);
  studio.writer.closeRefusal = new RecorderError("E-WRITER", "The writer died.", "Look at the log.");
  const manifest = await studio.recorder.stop("1");
  assert.equal(manifest.state, "failed");
  assert.equal(manifest.tracks[0]?.file, "01-user-1001.wav");
  assert.equal(manifest.tracks[0]?.sizeBytes, 5);
});

test(
  "a stop is on the disk before the tracks are: whoever finds the folder does not go on",
  options,
  async () => {
    await using studio = await Studio.open();
    const { id } = await studio.recorder.start(request());
    studio.capture.stopGate = new Gate();
    const stopped = studio.recorder.stop("1");
    await until(async () => (await studio.storage.readManifest(id))?.state === "finishing");
    assert.equal((await studio.catalog.find(id))?.state, "finishing");
    studio.capture.stopGate.open();
    assert.equal((await stopped).state, "finished");
  },
);

test("a disk that stalls a manifest does not keep the recorder listening after a stop", options, async () => {
  await using studio = await Studio.open({ timing: { settleMs: 5 } });
  await studio.recorder.start(request());
  await until(() => studio.journal.count("writer.writeManifest recording") > 0);
  studio.writer.manifestGate = new Gate();
  studio.hear(1);
  const seen = studio.journal.count("writer.writeManifest recording");
  await until(() => studio.journal.count("writer.writeManifest recording") > seen);
  const stopped = studio.recorder.stop("1");
  await until(() => studio.journal.count("writer.close") === 1);
  assert.equal(studio.journal.count("capture.stop"), 1);
  studio.writer.manifestGate.open();
  assert.equal((await stopped).state, "finished");
});

test(
  "the notice learns why a recording ended: asked for, by a fault, or with the process",
  options,
  async () => {
    await using studio = await Studio.open();
    await studio.recorder.start(request());
    await studio.recorder.stop("1");
    await studio.recorder.start(request());
    studio.writer.fault(studio.capture.handle, { code: "E-IO", message: "No.", remedy: "", detail: "" });
    await until(() => studio.notices.ends.length === 2);
    await studio.recorder.start(request());
    await studio.recorder.close();
    assert.deepEqual(studio.notices.ends, ["asked", "fault", "shutdown"]);
  },
);
