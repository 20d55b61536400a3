/** Messages between the main thread and the capture thread: plain data, one union per direction. */
import type { ErrorData } from "../errors.ts";
import type { FrameQueueMemory } from "../queue/frame-queue.ts";
import type { CaptureEvent, CaptureRequest, CaptureResult, RecordingHandle } from "../recordings/stages.ts";
import type { LinkTiming } from "./link-timing.ts";
import type { VoiceUpdate } from "./voice-gateway.ts";

/** What the capture thread is born with. */
export type CaptureWorkerData = {
  readonly memory: FrameQueueMemory;
  /** Ogg Opus, spoken once after joining where asked. */
  readonly announcement: Uint8Array;
  readonly logLevel: string;
  readonly linkTiming: LinkTiming;
};

/**
 * Whether people in the recording's channel know of it: `due`, they must be told; `told`, the notice stands, and nobody
 * has been heard since; `done`.
 */
export type Admission = "due" | "told" | "done";

/** A recording that a thread left behind when it died; the next one goes on with it. */
export type Resumption = {
  /** Position 0 on the clock of `monotonic-clock.ts`. */
  readonly zeroMs: number;
  readonly admission: Admission;
  /** Whose speech could not be decrypted. */
  readonly unheard: readonly string[];
};

/** Main → capture. */
export type CaptureCommand =
  /** Answered by `started` or `start-failed`; a resumed one by events only. */
  | {
      readonly kind: "start";
      readonly request: CaptureRequest;
      /** The recording's; see `capture-books.ts`. */
      readonly books: SharedArrayBuffer;
      readonly resumption: Resumption | undefined;
    }
  /** Answered by `stopped`. */
  | { readonly kind: "stop"; readonly handle: RecordingHandle }
  /** The main gateway said something about the bot's own voice state. */
  | { readonly kind: "voice-update"; readonly handle: RecordingHandle; readonly update: VoiceUpdate }
  | { readonly kind: "admit"; readonly handle: RecordingHandle; readonly channelId: string }
  | { readonly kind: "reconnect"; readonly handle: RecordingHandle; readonly reason: string }
  /** The main gateway could not send a payload: its shard is not ready. */
  | { readonly kind: "gateway-refused"; readonly handle: RecordingHandle }
  /** Leave everything and end the thread. */
  | { readonly kind: "close" };

/** Capture → main. */
export type CaptureReport =
  | {
      readonly kind: "started";
      readonly handle: RecordingHandle;
      readonly startedAtMs: number;
      /** Position 0 on the clock of `monotonic-clock.ts`. */
      readonly zeroMs: number;
    }
  | { readonly kind: "start-failed"; readonly handle: RecordingHandle; readonly error: ErrorData }
  | { readonly kind: "stopped"; readonly handle: RecordingHandle; readonly result: CaptureResult }
  /** Op 4 for the main gateway. */
  | {
      readonly kind: "payload";
      readonly handle: RecordingHandle;
      readonly guildId: string;
      readonly payload: unknown;
    }
  | { readonly kind: "event"; readonly event: CaptureEvent }
  /** Everything has been left; the answer to `close`, and the last message. */
  | { readonly kind: "closed" };
