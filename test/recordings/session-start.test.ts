import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { RecorderError } from "../../src/errors.ts";
import { withCode } from "../support/with-code.ts";
import { Gate } from "./stages/journal.ts";
import { request, Studio } from "./stages/studio.ts";

const options = { timeout: 60_000 };

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

test("a refused notice leaves nothing behind, and the channel is never joined", options, async () => {
  await using studio = await Studio.open();
  studio.notices.refusal = new RecorderError("E-NOTICE", "No notice is possible.", "Allow it.");
  await assert.rejects(studio.recorder.start(request()), withCode("E-NOTICE"));
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
    await assert.rejects(studio.recorder.start(request()), withCode("E-CONNECT"));
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
  await assert.rejects(studio.recorder.start(request()), withCode("E-DISK-FULL"));
  assert.deepEqual(studio.journal.only("notices", "capture"), []);
  assert.equal(existsSync(studio.writer.directory), false);
});

test("a nearly full disk refuses a recording before anything is made", options, async () => {
  await using studio = await Studio.open({ diskReserveBytes: Number.MAX_SAFE_INTEGER });
  await assert.rejects(studio.recorder.start(request()), withCode("E-DISK"));
  assert.deepEqual(studio.journal.lines, []);
  assert.equal(studio.recorder.status("1"), undefined);
});

test("a connection that never comes is given up", options, async () => {
  await using studio = await Studio.open({ timing: { connectMs: 30 } });
  studio.capture.startGate = new Gate();
  await assert.rejects(studio.recorder.start(request()), withCode("E-TIMEOUT"));
  assert.equal(studio.journal.count("notices.clear failed"), 1);
});
