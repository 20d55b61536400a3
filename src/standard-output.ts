import { constants, fstatSync, openSync, write, writeSync } from "node:fs";
import { systemCodeOf } from "./errors.ts";

const STANDARD_OUTPUT = 1;

/** What waits for a reader; as much again as a pipe holds. */
const MOST_WAITING_CHARACTERS = 65_536;

/** Until a reader who takes nothing is asked again. */
const HELD_MS = 100;

const NEWLINE = 10;

/** What is being written: first, in so many bytes, that lines were dropped, and how many. */
type Batch = { readonly bytes: Buffer; readonly headBytes: number; readonly told: number; at: number };

/**
 * Lives on any thread, once. Lines on standard output, for which no thread ever waits: a terminal that is closed or held (Ctrl-S), or
 * a log file on a full disk, is no reason to end a recording, or to stop listening. What finds no room, or cannot be written, is
 * dropped, and how many lines that were is said with the next that can be. (pino's own stream ends the thread with any error but
 * EPIPE, and grows without bound.)
 */
export class StandardOutput {
  readonly #descriptor = open();
  readonly #droppedLine: (lines: number) => string;
  #waiting = "";
  #dropped = 0;
  /** The last line on the output is only a part of one. */
  #torn = false;
  #batch: Batch | undefined;
  /** The batch's reader takes nothing at the moment. */
  #held = false;

  /** @param droppedLine what is said, with its end of line, of so many lines that were dropped */
  constructor(droppedLine: (lines: number) => string) {
    this.#droppedLine = droppedLine;
    process.on("exit", () => this.#writeLast());
  }

  /** A line with its end. Never throws, never waits. */
  write(line: string): void {
    if (this.#waiting.length + line.length > MOST_WAITING_CHARACTERS) {
      this.#dropped++;
      return;
    }
    this.#waiting += line;
    if (this.#batch === undefined) this.#go(this.#nextBatch());
  }

  #go(batch: Batch): void {
    this.#batch = batch;
    this.#held = false;
    const { bytes, at } = batch;
    if (this.#descriptor === STANDARD_OUTPUT) {
      write(STANDARD_OUTPUT, bytes, at, null, null, (error, written) => this.#written(batch, error, written));
      return;
    }
    // Our own never waits; so lines are there before the process ends, and in their order.
    try {
      this.#written(batch, null, writeSync(this.#descriptor, bytes, at));
    } catch (error) {
      this.#written(batch, error, 0);
    }
  }

  #written(batch: Batch, error: unknown, bytes: number): void {
    if (systemCodeOf(error) === "EAGAIN") {
      this.#held = true;
      setTimeout(() => this.#go(batch), HELD_MS).unref();
      return;
    }
    if (error === null) {
      batch.at += bytes;
      if (batch.at < batch.bytes.length) return this.#go(batch);
      this.#torn = false;
    } else this.#drop(batch);
    this.#batch = undefined;
    if (this.#waiting !== "") this.#go(this.#nextBatch());
  }

  /** All that waits, behind what was dropped. */
  #nextBatch(): Batch {
    const told = this.#dropped;
    const head = `${this.#torn ? "\n" : ""}${told > 0 ? this.#droppedLine(told) : ""}`;
    const bytes = Buffer.from(head + this.#waiting);
    this.#waiting = "";
    this.#dropped = 0;
    return { bytes, headBytes: Buffer.byteLength(head), told, at: 0 };
  }

  /** What is left of it cannot be written. */
  #drop({ bytes, headBytes, told, at }: Batch): void {
    if (at < headBytes) this.#dropped += told;
    for (const byte of bytes.subarray(Math.max(at, headBytes))) if (byte === NEWLINE) this.#dropped++;
    if (at > 0) this.#torn = bytes[at - 1] !== NEWLINE;
  }

  /** At the process's end: what a reader still takes. What is on its way already gets there by itself. */
  #writeLast(): void {
    try {
      if (this.#held && this.#batch !== undefined)
        writeSync(this.#descriptor, this.#batch.bytes, this.#batch.at);
      writeSync(this.#descriptor, this.#nextBatch().bytes);
    } catch {
      // Nowhere to say it any more.
    }
  }
}

/**
 * Terminals and pipes are opened anew, so that they can be written to without waiting: the description that we were given is shared
 * with whoever started us. Sockets cannot be, nor other users' pipes (proc(5), "/proc/pid/fd"); for those a thread of libuv waits.
 */
function open(): number {
  try {
    const kind = fstatSync(STANDARD_OUTPUT);
    if (!kind.isFIFO() && !kind.isCharacterDevice()) return STANDARD_OUTPUT;
    return openSync("/dev/stdout", constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return STANDARD_OUTPUT;
  }
}
