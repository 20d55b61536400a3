import assert from "node:assert/strict";
import { test } from "node:test";
import { withCode } from "../support/with-code.ts";
import { Gate } from "./stages/journal.ts";
import { request, Studio, until } from "./stages/studio.ts";

const options = { timeout: 60_000 };

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
    await assert.rejects(studio.recorder.start(request()), withCode("E-ALREADY-RECORDING"));
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
  await assert.rejects(studio.recorder.start(request()), withCode("E-FINISHING"));
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
  await assert.rejects(studio.recorder.stop("1"), withCode("E-NOT-RECORDING"));
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

test(
  "closing finishes every recording, cancels one that has not begun, and refuses new ones",
  options,
  async () => {
    await using studio = await Studio.open();
    const first = await studio.recorder.start(request());
    const second = await studio.recorder.start(request({ guild: { id: "9", name: "Other" } }));
    studio.capture.startGate = new Gate();
    const third = studio.recorder.start(request({ guild: { id: "10", name: "Third" } }));
    const refused = assert.rejects(third, withCode("E-SHUTDOWN"));
    await until(() => studio.journal.count("capture.start") === 3);
    await studio.recorder.close();
    await refused;
    assert.equal((await studio.catalog.find(first.id))?.state, "finished");
    assert.equal((await studio.catalog.find(second.id))?.state, "finished");
    assert.equal(studio.journal.count("notices.clear finished"), 2);
    assert.equal(studio.journal.count("notices.clear failed"), 1);
    await assert.rejects(studio.recorder.start(request()), withCode("E-SHUTDOWN"));
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
