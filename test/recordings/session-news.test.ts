import assert from "node:assert/strict";
import { test } from "node:test";
import { balances } from "../../src/recordings/counts.ts";
import { Gate } from "./stages/journal.ts";
import { HEARD } from "./stages/quiet-capture.ts";
import { request, Studio, until } from "./stages/studio.ts";

const options = { timeout: 60_000 };

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
