import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { RecorderError } from "../../src/errors.ts";
import { Gate } from "./stages/journal.ts";
import { balances } from "../../src/recordings/counts.ts";
import { HEARD } from "./stages/quiet-capture.ts";
import { request, Studio, until } from "./stages/studio.ts";

const options = { timeout: 20_000 };

function code(expected: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof RecorderError, String(error));
    assert.equal(error.code, expected);
    assert.notEqual(error.remedy, "");
    return true;
  };
}

test("the folder is made first, then the notice shown, then the channel joined", options, async () => {
  await using studio = await Studio.open();
  const manifest = await studio.recorder.start(request());
  assert.equal(manifest.state, "recording");
  assert.equal(manifest.title, "General");
  assert.deepEqual(await studio.storage.readManifest(manifest.id), manifest);
  assert.deepEqual(await studio.catalog.find(manifest.id), manifest);
  const order = studio.journal.only("writer.open", "notices.show", "capture.start");
  assert.deepEqual(order, ["writer.open", "notices.show", "capture.start"]);
});

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

test("a refused notice leaves nothing behind, and the channel is never joined", options, async () => {
  await using studio = await Studio.open();
  studio.notices.refusal = new RecorderError("E-NOTICE", "No notice is possible.", "Allow it.");
  await assert.rejects(studio.recorder.start(request()), code("E-NOTICE"));
  assert.deepEqual(studio.journal.only("capture"), []);
  assert.equal(studio.journal.count("notices.clear failed"), 1);
  assert.deepEqual(readdirSync(studio.storage.recordingsDirectory), []);
  assert.deepEqual(await studio.catalog.listByGuild("1"), []);
});

test(
  "a refused connection takes the notice down, removes the folder and frees the guild",
  options,
  async () => {
    await using studio = await Studio.open();
    studio.capture.refusal = new RecorderError("E-CONNECT", "The channel is full.", "Make room.");
    await assert.rejects(studio.recorder.start(request()), code("E-CONNECT"));
    assert.equal(studio.journal.count("capture.stop"), 1);
    assert.equal(studio.journal.count("notices.clear failed"), 1);
    assert.equal(studio.journal.count("writer.release"), 1);
    assert.equal(existsSync(studio.writer.directory), false);
    assert.deepEqual(await studio.catalog.listByGuild("1"), []);
    studio.capture.refusal = undefined;
    await studio.recorder.start(request());
    assert.deepEqual(studio.over, [], "what never began is not over");
  },
);

test("a disk that refuses the folder stops everything before people are told", options, async () => {
  await using studio = await Studio.open();
  studio.writer.openRefusal = new RecorderError("E-DISK-FULL", "The disk is full.", "Free space.");
  await assert.rejects(studio.recorder.start(request()), code("E-DISK-FULL"));
  assert.deepEqual(studio.journal.only("notices", "capture"), []);
  assert.equal(existsSync(studio.writer.directory), false);
});

test("a nearly full disk refuses a recording before anything is made", options, async () => {
  await using studio = await Studio.open({ diskReserveBytes: Number.MAX_SAFE_INTEGER });
  await assert.rejects(studio.recorder.start(request()), code("E-DISK"));
  assert.deepEqual(studio.journal.lines, []);
  assert.equal(studio.recorder.status("1"), undefined);
});

test("a connection that never comes is given up", options, async () => {
  await using studio = await Studio.open({ timing: { connectMs: 30 } });
  studio.capture.startGate = new Gate();
  await assert.rejects(studio.recorder.start(request()), code("E-TIMEOUT"));
  assert.equal(studio.journal.count("notices.clear failed"), 1);
});

test(
  "a guild has one recording: of two starts at once one wins, a later one is refused",
  options,
  async () => {
    await using studio = await Studio.open();
    const both = await Promise.allSettled([
      studio.recorder.start(request()),
      studio.recorder.start(request()),
    ]);
    assert.deepEqual(
      both.map((one) => one.status),
      ["fulfilled", "rejected"],
    );
    await assert.rejects(studio.recorder.start(request()), code("E-ALREADY-RECORDING"));
    await studio.recorder.start(request({ guild: { id: "9", name: "Other" } }));
    assert.equal(studio.recorder.active.length, 2);
  },
);

test("stops at the same time share one ending", options, async () => {
  await using studio = await Studio.open();
  await studio.recorder.start(request());
  const [first, second] = await Promise.all([studio.recorder.stop("1"), studio.recorder.stop("1")]);
  assert.equal(first, second);
  assert.equal(studio.journal.count("capture.stop"), 1);
  assert.equal(studio.journal.count("writer.close"), 1);
});

test("a start while the last recording is being finished is refused with that reason", options, async () => {
  await using studio = await Studio.open();
  studio.writer.closeGate = new Gate();
  await studio.recorder.start(request());
  const stopped = studio.recorder.stop("1");
  await until(() => studio.journal.count("writer.close") === 1);
  await assert.rejects(studio.recorder.start(request()), code("E-FINISHING"));
  assert.equal(studio.recorder.status("1")?.manifest.state, "finishing");
  studio.writer.closeGate.open();
  await stopped;
});

test(
  "a start waits until the last notice is down, so that it is not taken for the new one",
  options,
  async () => {
    await using studio = await Studio.open();
    studio.notices.clearGate = new Gate();
    await studio.recorder.start(request());
    await studio.recorder.stop("1");
    const next = studio.recorder.start(request());
    await until(() => studio.journal.count("notices.clear finished") === 1);
    assert.equal(studio.journal.count("notices.show"), 1);
    studio.notices.clearGate.open();
    await next;
    assert.equal(studio.journal.count("notices.show"), 2);
  },
);

test("stopping where nothing is recorded says so", options, async () => {
  await using studio = await Studio.open();
  await assert.rejects(studio.recorder.stop("1"), code("E-NOT-RECORDING"));
});

test("a stop during the connecting waits for the clock and then ends it", options, async () => {
  await using studio = await Studio.open();
  studio.capture.startGate = new Gate();
  const started = studio.recorder.start(request());
  await until(() => studio.journal.count("capture.start") === 1);
  const stopped = studio.recorder.stop("1");
  studio.capture.startGate.open();
  await started;
  assert.equal((await stopped).state, "finished");
});

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

test("a gap is an event where it begins, once, and stays in the manifest", options, async () => {
  await using studio = await Studio.open();
  await studio.recorder.start(request());
  const { handle } = studio.capture;
  const gap = { reason: "network", fromSamples: 48_000, toSamples: 57_600, missingSamples: 9_600 } as const;
  const told = { track: 1, userId: "1001", counts: HEARD, gaps: [gap] };
  const connection = { datagrams: 50, notMedia: 0, unattributed: 0 };
  for (const position of [96_000, 144_000])
    studio.capture.emit({ kind: "progress", handle, position, tracks: [told], connection, queuedFrames: 0 });
  const events = studio.writer.events.filter(({ kind }) => kind === "gap");
  assert.deepEqual(
    events.map(({ position, track, text }) => [position, track, text]),
    [[48_000, 1, "0.2 s missing at 0:01.0: lost on the network on the way to the recorder."]],
  );
  const manifest = await studio.recorder.stop(request().guild.id);
  assert.deepEqual(manifest.tracks[0]?.gaps, [gap]);
});

test("what the disk refused, and where a writer died, stand in the last manifest", options, async () => {
  await using studio = await Studio.open();
  await studio.recorder.start(request());
  const { handle } = studio.capture;
  studio.hear(1);
  studio.writer.emit({ kind: "replaced", handle });
  studio.writer.closeGate = new Gate();
  const stopping = studio.recorder.stop(request().guild.id);
  await until(() => studio.journal.count("writer.close") === 1);
  // As the writer does: told before the answer.
  const span = { missingSamples: 4_800, fromSamples: 48_000, toSamples: 52_800 };
  studio.writer.emit({
    kind: "unwritten",
    handle,
    tracks: [{ track: 1, userId: "1001", packets: 5, ...span }],
  });
  studio.writer.closeGate.open();
  const manifest = await stopping;
  assert.equal(manifest.writerDeaths?.length, 1);
  const [track] = manifest.tracks;
  assert.ok(track?.counts !== undefined && balances(track.counts));
  assert.deepEqual([track.counts.written, track.counts.unwritten], [HEARD.written - 5, 5]);
  assert.equal(track.gaps?.[0]?.reason, "disk");
  assert.deepEqual(await studio.catalog.find(manifest.id), manifest);
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

test("a lost connection is shown and noted, and so is its return", options, async () => {
  await using studio = await Studio.open();
  await studio.recorder.start(request());
  const { handle } = studio.capture;
  studio.capture.emit({ kind: "interrupted", handle, position: 100, reason: "4015" });
  assert.equal(studio.recorder.status("1")?.manifest.state, "reconnecting");
  studio.capture.emit({ kind: "connected", handle, position: 200 });
  assert.equal(studio.recorder.status("1")?.manifest.state, "recording");
  studio.recorder.recordEvent("1", { atMs: Date.now(), kind: "joined", userId: "5" });
  const kinds = studio.writer.events.map((event) => event.kind);
  assert.deepEqual(kinds, ["started", "interrupted", "connected", "joined"]);
  assert.ok(studio.writer.events.every((event) => event.position !== undefined));
  assert.deepEqual(studio.notices.states, ["recording", "reconnecting", "recording"]);
  studio.capture.emit({ kind: "interrupted", handle, position: 300, reason: "4006" });
  studio.capture.lengthSamples = 500;
  assert.deepEqual((await studio.recorder.stop("1")).interruptions, [
    { cause: "connection", fromSamples: 100, toSamples: 200, reason: "4015" },
    { cause: "connection", fromSamples: 300, toSamples: 500, reason: "4006" },
  ]);
});

test("the manifest on disk follows what happens while it happens", options, async () => {
  await using studio = await Studio.open({ timing: { settleMs: 5, checkpointMs: 20 } });
  const { id } = await studio.recorder.start(request());
  studio.hear(1);
  studio.capture.progress();
  await until(async () => (await studio.storage.readManifest(id))?.tracks[0]?.counts?.received === 50);
  assert.equal((await studio.storage.readManifest(id))?.tracks[0]?.name, "user-1001");
  await until(async () => (await studio.catalog.find(id))?.state === "recording");
  const status = studio.recorder.status("1");
  assert.equal(status?.queuedFrames, 3);
  assert.ok((status?.elapsedMs ?? -1) >= 0);
});

test(
  "closing finishes every recording, cancels one that has not begun, and refuses new ones",
  options,
  async () => {
    await using studio = await Studio.open();
    const first = await studio.recorder.start(request());
    const second = await studio.recorder.start(request({ guild: { id: "9", name: "Other" } }));
    studio.capture.startGate = new Gate();
    const third = studio.recorder.start(request({ guild: { id: "10", name: "Third" } }));
    const refused = assert.rejects(third, code("E-SHUTDOWN"));
    await until(() => studio.journal.count("capture.start") === 3);
    await studio.recorder.close();
    await refused;
    assert.equal((await studio.catalog.find(first.id))?.state, "finished");
    assert.equal((await studio.catalog.find(second.id))?.state, "finished");
    assert.equal(studio.journal.count("notices.clear finished"), 2);
    assert.equal(studio.journal.count("notices.clear failed"), 1);
    await assert.rejects(studio.recorder.start(request()), code("E-SHUTDOWN"));
  },
);

test("closing does not wait for ever", options, async () => {
  await using studio = await Studio.open({ timing: { shutdownMs: 50 } });
  studio.writer.closeGate = new Gate();
  await studio.recorder.start(request());
  await studio.recorder.close();
});

test("a recording is said to be over once, after its files are let go", options, async () => {
  await using studio = await Studio.open();
  const { id } = await studio.recorder.start(request());
  studio.hear(1);
  await studio.recorder.stop("1");
  await until(() => studio.over.length > 0);
  assert.equal(studio.journal.count("writer.release"), 1);
  const other = await studio.recorder.start(request());
  await studio.recorder.close();
  assert.deepEqual(
    studio.over,
    [`finished ${id}`, `finished ${other.id}`],
    "at a shutdown, before close resolves",
  );
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
