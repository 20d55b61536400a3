import type { RecordingHandle } from "../recordings/stages.ts";
import type { RecordingFiles, Syncable } from "./recording-files.ts";

/**
 * Lives on the writer thread. Forces what recordings have written to the disk, beside the loop: one file at a time, so that
 * a busy disk has others to serve; the most overdue first, so that all have their turn.
 */
export class SyncTurns {
  readonly #onRefusal: (handle: RecordingHandle, recording: RecordingFiles, error: unknown) => void;
  #underWay: Promise<void> | undefined;

  constructor(onRefusal: (handle: RecordingHandle, recording: RecordingFiles, error: unknown) => void) {
    this.#onRefusal = onRefusal;
  }

  /** Never rejects. */
  get underWay(): Promise<void> | undefined {
    return this.#underWay;
  }

  /** Begins with the next file that is due, unless one is under way. */
  next(recordings: ReadonlyMap<RecordingHandle, RecordingFiles>, nowMs: number): void {
    if (this.#underWay !== undefined) return;
    let next: { handle: RecordingHandle; recording: RecordingFiles; file: Syncable } | undefined;
    for (const [handle, recording] of recordings) {
      const file = recording.nextToSync();
      if (file === undefined || file.syncDueAtMs > (next?.file.syncDueAtMs ?? nowMs)) continue;
      next = { handle, recording, file };
    }
    if (next === undefined) return;
    const { handle, recording, file } = next;
    this.#underWay = file
      .sync(nowMs)
      .catch((error: unknown) => this.#onRefusal(handle, recording, error))
      .finally(() => (this.#underWay = undefined));
  }
}
