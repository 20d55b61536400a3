import { RecorderError } from "../errors.ts";
import { NO_PACKETS } from "./counts.ts";
import type { TrackCounts } from "./counts.ts";
import { within } from "./deadline.ts";
import { DiskWatch, megabytes, nearlyFull, outOfSpace } from "./disk-space.ts";
import type { DiskLevel } from "./disk-space.ts";
import type { RecordingEvent } from "./events.ts";
import { requestOf } from "./left-behind.ts";
import type { LeftBehind } from "./left-behind.ts";
import type { StartRequest } from "./manifest-changes.ts";
import type { Manifest } from "./manifest.ts";
import { packetsOf, sumOfCounts } from "./packet-totals.ts";
import { isOver, isRunning } from "./session-state.ts";
import { Session } from "./session.ts";
import type { RecordingStatus, Surroundings } from "./surroundings.ts";
import { TIMING } from "./timing.ts";
import type { Timing } from "./timing.ts";

export type { StartRequest } from "./manifest-changes.ts";
export type { RecordingStatus } from "./surroundings.ts";

export type RecorderOptions = Omit<Surroundings, "timing"> & {
  /** A recording is refused with less free space than this. */
  readonly diskReserveBytes: number;
  readonly timing?: Partial<Timing>;
  /** Called with the last manifest of each recording that had begun, once its files are let go. Must not throw. */
  readonly onOver?: (manifest: Manifest) => void;
};

/** For Discord to take the notices down when the process ends: a courtesy, of which the exit does not depend. */
const LAST_NOTICES_MS = 2_000;

/** Since the process began; running recordings are in it. */
export type RecorderTotals = {
  readonly started: number;
  readonly finished: number;
  readonly failed: number;
  readonly packets: TrackCounts;
};

/** Lives on the main thread. All recordings of this process, at most one in each guild. */
export class Recorder {
  readonly #around: Surroundings;
  readonly #onOver: (manifest: Manifest) => void;
  readonly #disk: DiskWatch;
  readonly #byGuild = new Map<string, Session>();
  readonly #byHandle = new Map<number, Session>();
  #nextHandle = 1;
  #closing: Promise<void> | undefined;
  #ended: RecorderTotals = { started: 0, finished: 0, failed: 0, packets: NO_PACKETS };

  private constructor({ diskReserveBytes, timing, onOver, ...around }: RecorderOptions) {
    this.#around = { ...around, timing: { ...TIMING, ...timing } };
    this.#onOver = onOver ?? (() => {});
    this.#disk = new DiskWatch({
      storage: around.storage,
      reserveBytes: diskReserveBytes,
      intervalMs: this.#around.timing.diskMs,
      onChange: (level, freeBytes) => this.#onDiskLevel(level, freeBytes),
    });
    around.capture.onEvent((event) => this.#byHandle.get(event.handle)?.onCaptureEvent(event));
    around.writer.onEvent((event) => this.#byHandle.get(event.handle)?.onWriterEvent(event));
  }

  /** Makes the folders. Rejects with `E-DATA-DIR`. */
  static async start(options: RecorderOptions): Promise<Recorder> {
    await options.storage.prepare();
    return new Recorder(options);
  }

  /**
   * Resolves when the clock runs. Rejects with `E-ALREADY-RECORDING`, `E-FINISHING`, `E-SHUTDOWN`, `E-DISK`, and what
   * the stages say: `E-NOTICE`, `E-CONNECT`, `E-TIMEOUT`…; nothing stands then.
   */
  start(request: StartRequest): Promise<Manifest> {
    return this.#begin(request, undefined);
  }

  /**
   * Goes on with a recording whose process died: same folder, same clock, same links. Rejects like `start`; its folder is
   * then as it was, to be recovered.
   */
  resume(left: LeftBehind, botUserId: string): Promise<Manifest> {
    return this.#begin(requestOf(left.manifest, botUserId), left);
  }

  async #begin(request: StartRequest, left: LeftBehind | undefined): Promise<Manifest> {
    let last = this.#lastOf(request.guild.id);
    // A guild is free again once the last notice is down: the nickname must not be restored over a new one.
    for (; last !== undefined; last = this.#lastOf(request.guild.id)) await last.settled;
    const session = new Session(this.#around, request, this.#nextHandle++, left);
    // Taken at once, with no wait since the look: a second start at the same time must find it.
    this.#byGuild.set(request.guild.id, session);
    this.#byHandle.set(session.handle, session);
    void this.#forgetOnceSettled(session, request.guild.id);
    const manifest = await session.start(() => this.#disk.requireReserve());
    if (this.#disk.level !== "enough") session.warn(nearlyFull(this.#disk.freeBytes));
    this.#ended = { ...this.#ended, started: this.#ended.started + 1 };
    return manifest;
  }

  /** Resolves with the last manifest, whose state is `finished` or `failed`. Rejects with `E-NOT-RECORDING`. */
  async stop(guildId: string): Promise<Manifest> {
    const session = this.#byGuild.get(guildId);
    if (session === undefined || isOver(session.state))
      throw new RecorderError(
        "E-NOT-RECORDING",
        "Nothing is being recorded in this server.",
        "Start a recording with /record start.",
      );
    return session.stop();
  }

  /** The guild's recording that is running, beginning or finishing. */
  status(guildId: string): RecordingStatus | undefined {
    const session = this.#byGuild.get(guildId);
    return session === undefined || isOver(session.state) ? undefined : session.status;
  }

  /** Notes a join or a leave in the guild's running recording; without one it is nothing to us. */
  recordEvent(guildId: string, event: RecordingEvent): void {
    this.#byGuild.get(guildId)?.recordEvent(event);
  }

  /** Has the guild's recording make a new voice connection, because the present one carries nothing. */
  reconnect(guildId: string, reason: string): void {
    const session = this.#byGuild.get(guildId);
    if (session !== undefined && isRunning(session.state))
      this.#around.capture.reconnect(session.handle, reason);
  }

  /** Every recording that is not over. */
  get active(): readonly RecordingStatus[] {
    return [...this.#byGuild.values()]
      .filter((session) => !isOver(session.state))
      .map((session) => session.status);
  }

  get totals(): RecorderTotals {
    const running = [...this.#byHandle.values()].map((session) => packetsOf(session.status.manifest));
    return { ...this.#ended, packets: running.reduce(sumOfCounts, this.#ended.packets) };
  }

  /** Refuses new recordings and finishes the running ones, within `timing.shutdownMs`. Never rejects. */
  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const { log, timing } = this.#around;
    this.#disk.close();
    const sessions = [...this.#byGuild.values()];
    for (const session of sessions) session.shutDown(shuttingDown());
    try {
      const saved = Promise.all(sessions.map((session) => session.saved));
      await within(saved, timing.shutdownMs, "Finishing the recordings");
    } catch (error) {
      log.error({ err: error }, "recordings were left unfinished; their files are valid up to here");
      return;
    }
    try {
      const settled = Promise.all(sessions.map((session) => session.settled));
      await within(settled, LAST_NOTICES_MS, "Taking down the notices");
    } catch (error) {
      log.warn({ err: error }, "notices were left standing; every recording is saved");
    }
  }

  #onDiskLevel(level: DiskLevel, freeBytes: number): void {
    this.#around.log.warn(
      { level, freeMegabytes: megabytes(freeBytes) },
      "free space on the recorder's disk",
    );
    if (level === "enough") return;
    for (const session of this.#byGuild.values()) {
      if (level === "low") session.warn(nearlyFull(freeBytes));
      else session.endBecause(outOfSpace(freeBytes));
    }
  }

  /** The guild's last recording if it is over but for its notice; undefined if there is none. Throws if it runs. */
  #lastOf(guildId: string): Session | undefined {
    if (this.#closing !== undefined) throw shuttingDown();
    const session = this.#byGuild.get(guildId);
    if (session === undefined || isOver(session.state)) return session;
    if (session.state.kind === "finishing")
      throw new RecorderError(
        "E-FINISHING",
        "The last recording is still being finished.",
        "Wait a moment, then run /record start again.",
      );
    throw new RecorderError(
      "E-ALREADY-RECORDING",
      `A recording is already running in ${session.status.manifest.channel.name}.`,
      "Stop it with /record stop first.",
    );
  }

  async #forgetOnceSettled(session: Session, guildId: string): Promise<void> {
    await session.settled;
    this.#byHandle.delete(session.handle);
    if (this.#byGuild.get(guildId) === session) this.#byGuild.delete(guildId);
    const { manifest } = session.status;
    this.#ended = {
      started: this.#ended.started,
      finished: this.#ended.finished + (manifest.state === "finished" ? 1 : 0),
      // One that never began was refused, and has not failed.
      failed: this.#ended.failed + (manifest.state === "failed" && session.began ? 1 : 0),
      packets: sumOfCounts(this.#ended.packets, packetsOf(manifest)),
    };
    if (session.began) this.#onOver(manifest);
  }
}

function shuttingDown(): RecorderError {
  return new RecorderError("E-SHUTDOWN", "The recorder is shutting down.", "Try again in a minute.");
}
