import { RecorderError } from "../errors.ts";
import { within } from "./deadline.ts";
import type { Storage } from "./storage.ts";

/**
 * How the disk of `DATA_DIR` stands:
 * - `enough`. - `low`: less than twice the reserve; people are warned. - `out`: less than a quarter of the reserve;
 * running recordings are ended while everything of them can still be written properly.
 * Between them, at the reserve itself, new recordings are refused.
 */
export type DiskLevel = "enough" | "low" | "out";

/** A disk that does not answer within this is stalled; what it would say is asked for again. */
const ANSWER_MS = 4_000;

/** A disk that was low has enough again with this much more than it had too little: others write and delete on it too. */
const ENOUGH_AGAIN = 1.25;

/** Pure. A reserve of 0 means: use the disk up. @param before the level until now */
export function diskLevel(freeBytes: number, reserveBytes: number, before: DiskLevel = "enough"): DiskLevel {
  if (freeBytes < reserveBytes / 4) return "out";
  const enoughBytes = reserveBytes * 2 * (before === "enough" ? 1 : ENOUGH_AGAIN);
  return freeBytes < enoughBytes ? "low" : "enough";
}

export type DiskWatchOptions = {
  readonly storage: Storage;
  readonly reserveBytes: number;
  readonly intervalMs: number;
  /** Called when the level has changed, and the first time unless there is enough. */
  readonly onChange: (level: DiskLevel, freeBytes: number) => void;
};

/** Lives on the main thread. Looks at the free space again and again; holds no process open. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #level: DiskLevel = "enough";
  #freeBytes = Infinity;
  #looking = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), options.intervalMs);
    this.#timer.unref();
  }

  get level(): DiskLevel {
    return this.#level;
  }

  /** At the last look; Infinity before the first. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** For a new recording. Rejects with `E-DISK` while less than the reserve is free. */
  async requireReserve(): Promise<void> {
    const { storage, reserveBytes } = this.#options;
    const freeBytes = await storage.freeBytes();
    if (freeBytes < reserveBytes) throw reserveTouched(freeBytes, reserveBytes);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const { storage, reserveBytes, onChange } = this.#options;
    try {
      this.#freeBytes = await within(storage.freeBytes(), ANSWER_MS, "Looking at the free space");
    } catch {
      // Stalled or gone: the writer's own refusals tell of that, with their reasons.
      return;
    } finally {
      this.#looking = false;
    }
    const level = diskLevel(this.#freeBytes, reserveBytes, this.#level);
    if (level === this.#level) return;
    this.#level = level;
    onChange(level, this.#freeBytes);
  }
}

/** What people are told when the disk is `low`. */
export function nearlyFull(freeBytes: number): string {
  return (
    `The recorder's disk is nearly full: ${megabytes(freeBytes)} MB are left. ` +
    "Ask whoever runs the bot to free space; otherwise the recording will be ended, with everything kept so far."
  );
}

/** Why a recording ends when the disk is `out`. */
export function outOfSpace(freeBytes: number): RecorderError {
  return new RecorderError(
    "E-DISK-LOW",
    `The recorder's disk was nearly full (${megabytes(freeBytes)} MB left), so the recording was ended; everything until then is kept.`,
    "Ask whoever runs the bot to free space.",
  );
}

export function megabytes(bytes: number): number {
  return Math.floor(bytes / 1_048_576);
}

function reserveTouched(freeBytes: number, reserveBytes: number): RecorderError {
  return new RecorderError(
    "E-DISK",
    `The recorder's disk is nearly full: ${megabytes(freeBytes)} MB are free, ${megabytes(reserveBytes)} MB are kept in reserve.`,
    "Ask whoever runs the bot to free space or to lower DISK_RESERVE_MB.",
  );
}
