import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { pino } from "pino";
import { CaptureThread } from "../../src/capture/capture-thread.ts";
import type { CaptureCommand } from "../../src/capture/protocol.ts";
import type { VoiceGateway } from "../../src/capture/voice-gateway.ts";
import { createFrameQueueMemory } from "../../src/queue/frame-queue.ts";
import type { FrameQueueMemory } from "../../src/queue/frame-queue.ts";
import type { CaptureEvent, CaptureRequest } from "../../src/recordings/stages.ts";
import { eventually, sleep } from "../support/wait.ts";
import { withCode } from "../support/with-code.ts";

const request: CaptureRequest = {
  handle: 1,
  guildId: "100",
  channelId: "200",
  botUserId: "300",
  channels: 1,
  announce: false,
};

/** A gateway that sends (or not) and never hears anything back. */
class DeafGateway implements VoiceGateway {
  readonly sent: unknown[] = [];
  subscribers = 0;
  readonly #ready: boolean;

  constructor(ready: boolean) {
    this.#ready = ready;
  }

  send(_guildId: string, payload: unknown): boolean {
    this.sent.push(payload);
    return this.#ready;
  }

  subscribe(): () => void {
    this.subscribers++;
    return () => void this.subscribers--;
  }
}

function channelsAskedFor(gateway: DeafGateway): (string | null)[] {
  return gateway.sent.map((payload) => (payload as { d: { channel_id: string | null } }).d.channel_id);
}

async function startThread(
  gateway: VoiceGateway,
  memory: FrameQueueMemory = createFrameQueueMemory(64),
): Promise<CaptureThread> {
  return CaptureThread.start({
    memory,
    gateway,
    announcement: new Uint8Array(),
    log: pino({ level: "silent" }),
    logLevel: "silent",
  });
}

test("no thread runs before the first recording", async () => {
  await using capture = await startThread(new DeafGateway(true));
  assert.equal(capture.alive, false);
});

test("a recording is refused at once while the gateway is not ready", async () => {
  const gateway = new DeafGateway(false);
  await using capture = await startThread(gateway);
  await assert.rejects(capture.start(request), withCode("E-CONNECT"));
  assert.equal(gateway.subscribers, 0);
});

test("a recording stopped before it began is cancelled, and leaves the channel", async () => {
  const gateway = new DeafGateway(true);
  await using capture = await startThread(gateway);
  const starting = assert.rejects(capture.start(request), withCode("E-CANCELLED"));
  await assert.rejects(capture.stop(request.handle), withCode("E-CANCELLED"));
  await starting;
  assert.deepEqual(channelsAskedFor(gateway), ["200", null]);
  assert.equal(gateway.subscribers, 0);
});

test("the death of the thread rejects what waits, and the next recording gets a new one", async () => {
  const broken = { ...createFrameQueueMemory(64), ring: new SharedArrayBuffer(0), slotCount: -1 };
  await using capture = await startThread(new DeafGateway(true), broken);
  await assert.rejects(capture.start(request), withCode("E-CAPTURE-DIED"));
  assert.equal(capture.alive, false);
  await assert.rejects(capture.start({ ...request, handle: 2 }), withCode("E-CAPTURE-DIED"));
});

test("closing is final and may be repeated", async () => {
  const capture = await startThread(new DeafGateway(false));
  await assert.rejects(capture.start(request), withCode("E-CONNECT"));
  await Promise.all([capture.close(), capture.close()]);
  assert.equal(capture.alive, false);
  await assert.rejects(capture.start({ ...request, handle: 2 }), withCode("E-CLOSING"));
});

const RUNNING = { kind: "started", handle: 1, startedAtMs: 0, zeroMs: 0 };

/** A recording that runs, as far as the main thread knows: the test speaks in the thread's name. */
async function startRunning(t: TestContext, capture: CaptureThread): Promise<Worker[]> {
  const workers: Worker[] = [];
  const onWorker = (worker: Worker): void => void workers.push(worker);
  process.on("worker", onWorker);
  t.after(() => process.off("worker", onWorker));
  const starting = capture.start(request);
  await eventually("a thread", () => workers[0]);
  workers[0]?.emit("message", RUNNING);
  await starting;
  return workers;
}

test("two deaths in a row resume a recording once", { timeout: 60_000 }, async (t) => {
  const gateway = new DeafGateway(true);
  await using capture = await startThread(gateway);
  const workers = await startRunning(t, capture);
  await workers[0]?.terminate();
  const other = capture.start({ ...request, handle: 2, guildId: "101", channelId: "201" });
  const refused = assert.rejects(other, withCode("E-CAPTURE-DIED"));
  await eventually("a second thread", () => workers[1]);
  await workers[1]?.terminate();
  await refused;
  gateway.sent.length = 0;
  const joins = (): number =>
    gateway.sent.filter(
      (payload) => (payload as { d: { channel_id: string | null } }).d.channel_id === request.channelId,
    ).length;
  await eventually("it is resumed", () => joins() > 0);
  // A second resumption would come a second after the first death.
  await sleep(1_500);
  assert.equal(joins(), 1);
});

test(
  "a recording that the next thread will not take ends, and its stop is answered at once",
  { timeout: 60_000 },
  async (t) => {
    await using capture = await startThread(new DeafGateway(true));
    const ended: string[] = [];
    capture.onEvent((event) => void (event.kind === "ended" && ended.push(event.error.code)));
    const workers = await startRunning(t, capture);
    await workers[0]?.terminate();
    await eventually("a second thread", () => workers[1]);
    const error = { code: "E-CONNECT", message: "No.", remedy: "", detail: "" };
    workers[1]?.emit("message", { kind: "start-failed", handle: 1, error });
    assert.deepEqual(ended, ["E-CONNECT"]);
    const result = await capture.stop(request.handle);
    assert.deepEqual(result.tracks, []);
    assert.ok(result.lengthSamples > 0);
    assert.deepEqual(await capture.stop(request.handle), result);
  },
);

test("a recording never goes on before where it was, though the wall clock was set back", async () => {
  await using capture = await startThread(new DeafGateway(true));
  const continues = {
    startedAtMs: Date.now() + 3_600_000,
    position: 480_000,
    tracks: [],
    connection: undefined,
    moved: false,
    unheard: [],
  };
  await capture.start({ ...request, continues });
  const { lengthSamples } = await capture.stop(request.handle);
  assert.ok(lengthSamples >= continues.position, String(lengthSamples));
});

test("a thread that dies while it joins leaves no bot behind in the channel", async () => {
  const gateway = new DeafGateway(true);
  await using capture = await startThread(gateway);
  const begun = once(process, "worker");
  const refused = assert.rejects(capture.start(request), withCode("E-CAPTURE-DIED"));
  const [worker] = (await begun) as [Worker];
  await eventually("it has asked to be let in", () => gateway.sent.length === 1);
  await worker.terminate();
  await refused;
  assert.deepEqual(channelsAskedFor(gateway), ["200", null]);
});

test("what a thread says of a recording that is over goes to nobody", { timeout: 60_000 }, async (t) => {
  const gateway = new DeafGateway(true);
  await using capture = await startThread(gateway);
  const [worker] = await startRunning(t, capture);
  await capture.stop(request.handle);
  const before = gateway.sent.length;
  const payload = { op: 4, d: { guild_id: "100", channel_id: null } };
  worker?.emit("message", { kind: "payload", handle: 1, guildId: "100", payload });
  assert.equal(gateway.sent.length, before, "the guild's next recording would be thrown out");
});

test(
  "a thread that goes on knows that an announcement is due, and who was not understood",
  { timeout: 60_000 },
  async (t) => {
    await using capture = await startThread(new DeafGateway(true));
    const workers = await startRunning(t, capture);
    const tell = (event: CaptureEvent): unknown => workers[0]?.emit("message", { kind: "event", event });
    tell({ kind: "moved", handle: 1, position: 0, channelId: "201" });
    for (const userId of ["7", "8"]) tell({ kind: "unheard", handle: 1, userId, position: 0 });
    tell({ kind: "heard-again", handle: 1, userId: "8", position: 0 });
    capture.admit(1, "201");
    const posts = t.mock.method(Worker.prototype, "postMessage").mock;
    await workers[0]?.terminate();
    const resumptions = (): unknown[] =>
      posts.calls
        .map(({ arguments: [command] }) => command as CaptureCommand)
        .flatMap((command) => (command.kind === "start" ? [command.resumption] : []));
    await eventually("it goes on", () => resumptions().length > 0);
    assert.partialDeepStrictEqual(resumptions(), [{ admission: "told", unheard: ["7"] }]);
  },
);
