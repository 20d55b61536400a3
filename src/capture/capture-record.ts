/** One recording as the main thread keeps it, so that a dead capture thread takes no recording with it. */
import type { CaptureEvent, CaptureRequest, CaptureResult } from "../recordings/stages.ts";
import { SAMPLE_RATE } from "../audio/pcm.ts";
import { CaptureBooks } from "./capture-books.ts";
import { monotonicMs } from "./monotonic-clock.ts";
import type { Admission, Resumption } from "./protocol.ts";

/**
 * - `connecting`: position 0 is not fixed yet. - `running`. - `stopping`: its result is awaited. - `over`: `stopped` has
 * been settled.
 */
export type CaptureState = "connecting" | "running" | "stopping" | "over";

export type CaptureRecord = {
  /** With the channel it is in now. */
  request: CaptureRequest;
  admission: Admission;
  /** Whose speech could not be decrypted when it was last told. */
  readonly unheard: Set<string>;
  readonly unsubscribe: () => void;
  readonly started: PromiseWithResolvers<{ readonly startedAtMs: number }>;
  readonly stopped: PromiseWithResolvers<CaptureResult>;
  state: CaptureState;
  /** Position 0 on the clock of `monotonic-clock.ts`. */
  zeroMs: number;
  /** Its books; see `capture-books.ts`. */
  readonly books: SharedArrayBuffer;
  /** Its thread died, or the next one would not take it: no thread knows of it. */
  orphaned: boolean;
  /** Until it is handed to the next thread. */
  resumeTimer: NodeJS.Timeout | undefined;
};

/** Now, on the recording's clock. */
export function positionOf(record: CaptureRecord): number {
  if (record.state === "connecting") return 0;
  return Math.round(((monotonicMs() - record.zeroMs) * SAMPLE_RATE) / 1000);
}

/** What a new thread must know to go on with the recording, besides its books. */
export function resumptionOf({ zeroMs, admission, unheard }: CaptureRecord): Resumption {
  return { zeroMs, admission, unheard: [...unheard] };
}

/** Keeps what a thread tells of the recording and the next one has to know. */
export function remember(record: CaptureRecord, event: CaptureEvent): void {
  if (event.kind === "moved") {
    record.request = { ...record.request, channelId: event.channelId };
    record.admission = "due";
  } else if (event.kind === "connected") record.admission = "done";
  else if (event.kind === "unheard") record.unheard.add(event.userId);
  else if (event.kind === "heard-again") record.unheard.delete(event.userId);
}

/** The end of a recording whose thread cannot tell it any more. */
export function resultWithoutThread(record: CaptureRecord, fence: number): CaptureResult {
  const books = new CaptureBooks(record.books);
  books.settleAfterDeath();
  return {
    lengthSamples: positionOf(record),
    fence,
    tracks: books.tracks(),
    connection: books.connectionCounts(0),
  };
}
