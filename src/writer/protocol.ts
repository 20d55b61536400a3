/** What crosses between the main thread and the writer thread. Frames do not: they come through the queue. */
import type { ErrorData } from "../errors.ts";
import type { FrameQueueMemory } from "../queue/frame-queue.ts";
import type { RecordingEvent } from "../recordings/events.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { OpenRequest, RecordingHandle, WriterEvent, WrittenTrack } from "../recordings/stages.ts";

/** What the thread is started with. */
export type WriterWorkerData = { readonly memory: FrameQueueMemory; readonly logLevel: string };

/** A command that is answered by exactly one `Reply` with the same `call`. */
export type WriterCall =
  | { readonly kind: "open"; readonly call: number; readonly request: OpenRequest }
  /** Takes up a recording that a dead thread had open; the event `replaced` follows. */
  | { readonly kind: "reopen"; readonly call: number; readonly request: OpenRequest }
  | {
      readonly kind: "writeManifest";
      readonly call: number;
      readonly handle: RecordingHandle;
      readonly manifest: Manifest;
    }
  | {
      readonly kind: "close";
      readonly call: number;
      readonly handle: RecordingHandle;
      readonly lengthSamples: number;
      readonly fence: number;
    }
  | { readonly kind: "release"; readonly call: number; readonly handle: RecordingHandle };

/** Main → writer. Every message is followed by `wakeConsumer`. */
export type ToWriter =
  | WriterCall
  | {
      readonly kind: "nameTrack";
      readonly handle: RecordingHandle;
      readonly track: number;
      readonly name: string;
    }
  | { readonly kind: "recordEvent"; readonly handle: RecordingHandle; readonly event: RecordingEvent }
  /** Close every file as it is and end the thread. */
  | { readonly kind: "shutdown" };

/** Writer → main. */
export type FromWriter =
  | { readonly kind: "done"; readonly call: number; readonly tracks: readonly WrittenTrack[] }
  | { readonly kind: "failed"; readonly call: number; readonly error: ErrorData }
  | { readonly kind: "event"; readonly event: WriterEvent };
