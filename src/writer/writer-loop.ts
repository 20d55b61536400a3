/**
 * The loop of the writer thread. Everything it writes is one synchronous sequence, so no write can be interleaved with
 * another, a round costs neither promise nor timer, and it sleeps on the queue itself (`Atomics.wait`), where a control
 * message wakes it at once. Messages are fetched with `receiveMessageOnPort`, which needs no event loop; replies leave at
 * `postMessage`. Only while files are being forced to the disk, beside it, does the event loop have a turn in each round; otherwise once a
 * second, for the log.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { RecorderError, toErrorData } from "../errors.ts";
import type { Log } from "../log.ts";
import { FrameConsumer } from "../queue/frame-consumer.ts";
import type { FrameQueueMemory } from "../queue/frame-queue.ts";
import type { OpenRequest, RecordingHandle, UnwrittenTrack, WrittenTrack } from "../recordings/stages.ts";
import { diskError } from "./disk-error.ts";
import type { FromWriter, ToWriter, WriterCall } from "./protocol.ts";
import { RecordingFiles } from "./recording-files.ts";
import { SyncTurns } from "./sync-turns.ts";

/** How long a frame may lie in the queue of an idle writer. */
const POLL_MS = 20;
/** Frames taken before messages and old blocks get their turn: some 10 ms of work. */
const FRAMES_PER_ROUND = 1_024;
/** How long the answer to a command may wait for a round once the disk has given its own. */
const ANSWER_POLL_MS = 1;
/** So often at least the event loop has a turn: what the thread says in its log is written beside it, too. */
const TURN_MS = 1_000;
/** Between recordings there is nothing to poll for: a message wakes the thread. */
const IDLE_MS = 1_000;
/** How long an empty queue may stay short of a fence; everything before a fence is in the queue when it is sent. */
const FENCE_DEADLINE_MS = 2_000;
/** Frames for nobody are told of this often at most. */
const DISCARD_REPORT_MS = 5_000;

/** Lives on the writer thread; owns every open recording. */
export class WriterLoop {
  readonly #consumer: FrameConsumer;
  readonly #port: MessagePort;
  readonly #log: Log;
  readonly #recordings = new Map<RecordingHandle, RecordingFiles>();
  /** Taken up from a dead writer, and not told of yet. */
  readonly #takenUp = new Set<RecordingHandle>();
  /** Commands without an answer yet: what they wrote is on its way to the disk. None rejects. */
  readonly #answering = new Set<Promise<void>>();
  readonly #syncs = new SyncTurns((...refusal) => this.#fault(...refusal));
  #running = true;
  #turnDueAtMs = 0;
  /** Frames of recordings that are not open. */
  #strayFrames = 0;
  #reportedStrayFrames = 0;
  #reportedAtMs = 0;

  constructor(memory: FrameQueueMemory, port: MessagePort, log: Log) {
    this.#consumer = new FrameConsumer(memory);
    this.#port = port;
    this.#log = log;
  }

  /** Runs until a `shutdown` message, and until the disk has what it was given; blocks the thread in between. */
  async run(): Promise<void> {
    while (this.#running) {
      this.#takeMessages();
      if (this.#isForcing || performance.now() >= this.#turnDueAtMs) {
        await nextTurn();
        this.#turnDueAtMs = performance.now() + TURN_MS;
      }
      const taken = this.#takeFrames(FRAMES_PER_ROUND);
      this.#keepHouse();
      if (!this.#running || taken === FRAMES_PER_ROUND) continue;
      this.#consumer.wait(this.#patienceMs);
    }
    await Promise.all([...this.#answering, this.#syncs.underWay]);
  }

  /** Whether the disk owes an answer that comes with a turn of the event loop. */
  get #isForcing(): boolean {
    return this.#answering.size > 0 || this.#syncs.underWay !== undefined;
  }

  get #patienceMs(): number {
    if (this.#answering.size > 0) return ANSWER_POLL_MS;
    return this.#recordings.size > 0 || this.#syncs.underWay !== undefined ? POLL_MS : IDLE_MS;
  }

  #takeMessages(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#handle(received.message as ToWriter);
    }
  }

  #takeFrames(limit: number): number {
    const nowMs = performance.now();
    let taken = 0;
    for (; taken < limit; taken++) {
      const frame = this.#consumer.peek();
      if (frame === undefined) {
        for (const handle of this.#takenUp) this.#tellReplaced(handle);
        break;
      }
      if (this.#takenUp.size > 0) this.#tellReplaced(frame.recording, frame.position);
      const recording = this.#recordings.get(frame.recording);
      if (recording === undefined) this.#strayFrames++;
      else {
        try {
          recording.write(frame, nowMs);
        } catch (error) {
          this.#fault(frame.recording, recording, error);
        }
      }
      this.#consumer.release();
    }
    return taken;
  }

  /** Old blocks to the files, one of those that are due to the disk. */
  #keepHouse(): void {
    const nowMs = performance.now();
    for (const [handle, recording] of this.#recordings) {
      try {
        recording.flushOld(nowMs);
      } catch (error) {
        this.#fault(handle, recording, error);
      }
    }
    this.#syncs.next(this.#recordings, nowMs);
    if (this.#strayFrames > this.#reportedStrayFrames && nowMs - this.#reportedAtMs > DISCARD_REPORT_MS) {
      this.#log.warn({ frames: this.#strayFrames }, "discarded frames of recordings that are not open");
      this.#reportedStrayFrames = this.#strayFrames;
      this.#reportedAtMs = nowMs;
    }
  }

  /** A disk error ends this recording's writing, and only this one's. */
  #fault(handle: RecordingHandle, recording: RecordingFiles, error: unknown): void {
    if (recording.state !== "recording") return;
    recording.fault();
    const refusal = diskError(error);
    this.#log.error({ handle, err: refusal }, "the disk refused; this recording's writing ends here");
    this.#send({ kind: "event", event: { kind: "fault", handle, error: toErrorData(refusal) } });
  }

  #handle(message: ToWriter): void {
    switch (message.kind) {
      case "shutdown":
        return this.#shutdown();
      case "nameTrack":
        return this.#attempt(message.handle, (recording) => recording.nameTrack(message.track, message.name));
      case "recordEvent":
        return this.#attempt(message.handle, (recording) => recording.recordEvent(message.event));
      case "open":
      case "reopen":
      case "writeManifest":
      case "close":
      case "release":
        return this.#track(this.#answer(message));
    }
  }

  /** A command without an answer. Its refusal is logged; it is no reason to stop writing what people say. */
  #attempt(handle: RecordingHandle, action: (recording: RecordingFiles) => void): void {
    const recording = this.#recordings.get(handle);
    if (recording === undefined) {
      this.#log.warn({ handle }, "a command for a recording that is not open");
      return;
    }
    try {
      action(recording);
    } catch (error) {
      this.#log.error({ handle, err: error }, "the disk refused a name or an event");
    }
  }

  #track(answer: Promise<void>): void {
    const answering = answer.finally(() => this.#answering.delete(answering));
    this.#answering.add(answering);
  }

  async #answer(message: WriterCall): Promise<void> {
    try {
      this.#send({ kind: "done", call: message.call, tracks: await this.#perform(message) });
    } catch (error) {
      const known = error instanceof RecorderError ? error : diskError(error);
      this.#log.warn({ command: message.kind, err: known }, "a command failed");
      this.#send({ kind: "failed", call: message.call, error: toErrorData(known) });
    }
  }

  /** What a command waits for is the disk alone. */
  async #perform(message: WriterCall): Promise<readonly WrittenTrack[]> {
    switch (message.kind) {
      case "open":
        this.#open(message.request);
        break;
      case "reopen":
        this.#open(message.request);
        this.#takenUp.add(message.request.handle);
        break;
      case "writeManifest":
        await this.#recordingOf(message.handle).writeManifest(message.manifest);
        break;
      case "close":
        return this.#close(message.handle, message.lengthSamples, message.fence);
      case "release":
        await this.#release(message.handle);
        break;
    }
    return [];
  }

  #open(request: OpenRequest): void {
    if (this.#recordings.has(request.handle)) {
      throw new RecorderError(
        "E-WRITER",
        `The writer has a recording ${request.handle} already.`,
        "Use another handle.",
      );
    }
    this.#recordings.set(request.handle, new RecordingFiles(request, performance.now()));
  }

  async #release(handle: RecordingHandle): Promise<void> {
    const recording = this.#recordingOf(handle);
    this.#recordings.delete(handle);
    this.#takenUp.delete(handle);
    await recording.release();
  }

  async #close(
    handle: RecordingHandle,
    lengthSamples: number,
    fence: number,
  ): Promise<readonly WrittenTrack[]> {
    const recording = this.#recordingOf(handle);
    if (!this.#drain(fence)) {
      this.#log.error(
        { handle, fence },
        "the queue did not reach the end of the recording; closing as it is",
      );
    }
    this.#tellReplaced(handle);
    try {
      return await recording.close(lengthSamples, performance.now(), (error) =>
        this.#log.error({ handle, err: error }, "the disk refused a part of a track's end"),
      );
    } finally {
      this.#tellUnwritten(handle, recording.unwritten);
    }
  }

  /** @param position where the first frame belongs that the dead writer left */
  #tellReplaced(handle: RecordingHandle, position?: number): void {
    if (!this.#takenUp.delete(handle)) return;
    const where = position === undefined ? {} : { position };
    this.#send({ kind: "event", event: { kind: "replaced", handle, ...where } });
  }

  /** Before the answer, whatever that is. */
  #tellUnwritten(handle: RecordingHandle, tracks: readonly UnwrittenTrack[]): void {
    if (tracks.length === 0) return;
    const packets = tracks.reduce((sum, track) => sum + track.packets, 0);
    this.#log.warn({ handle, tracks: tracks.length, packets }, "some of a recording is in no file");
    this.#send({ kind: "event", event: { kind: "unwritten", handle, tracks } });
  }

  /** Takes everything up to the fence, other recordings' frames in between included; whether it got there. */
  #drain(fence: number): boolean {
    // A slow disk may take its time: only an empty queue makes the deadline run.
    let deadline = performance.now() + FENCE_DEADLINE_MS;
    while (!this.#consumer.reached(fence)) {
      if (this.#takeFrames(FRAMES_PER_ROUND) > 0) deadline = performance.now() + FENCE_DEADLINE_MS;
      else if (performance.now() > deadline) return false;
      else this.#consumer.wait(1);
      this.#keepHouse();
    }
    return true;
  }

  #recordingOf(handle: RecordingHandle): RecordingFiles {
    const recording = this.#recordings.get(handle);
    if (recording !== undefined) return recording;
    throw new RecorderError(
      "E-WRITER",
      `The writer knows no recording ${handle}.`,
      "Its files are valid as they are; start a new recording.",
    );
  }

  #shutdown(): void {
    this.#running = false;
    this.#takeFrames(Number.MAX_SAFE_INTEGER);
    for (const [handle, recording] of this.#recordings) {
      const released = recording.release().catch((error: unknown) => {
        this.#log.error({ handle, err: error }, "the disk refused while the writer ended");
      });
      this.#track(released);
    }
    this.#recordings.clear();
  }

  #send(message: FromWriter): void {
    this.#port.postMessage(message);
  }
}
