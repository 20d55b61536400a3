/**
 * What a recording needs of the stages upstream. `capture/` and `writer/` implement these; `composition.ts` brings them
 * together. All times in milliseconds since the Unix epoch, all positions in samples on the recording's clock.
 */
import type { Channels } from "../audio/pcm.ts";
import type { ErrorData } from "../errors.ts";
import type { ConnectionCounts, TrackCounts } from "./counts.ts";
import type { RecordingEvent } from "./events.ts";
import type { Gap } from "./gap.ts";
import type { Manifest } from "./manifest.ts";

/** Small integer that stands for a recording on the queue; unique within one run of the process. */
export type RecordingHandle = number;

export type CaptureRequest = {
  readonly handle: RecordingHandle;
  readonly guildId: string;
  readonly channelId: string;
  readonly botUserId: string;
  readonly channels: Channels;
  /** Say "this call is being recorded" once connected. */
  readonly announce: boolean;
  /** A recording of an earlier process, which goes on: its clock, its tracks and its counts. */
  readonly continues?: CapturedBefore;
};

/** What an earlier process knew when it last told. */
export type CapturedBefore = {
  readonly startedAtMs: number;
  /** Where audio could be received for the last time. */
  readonly position: number;
  readonly tracks: readonly CapturedTrack[];
  readonly connection: ConnectionCounts | undefined;
  /** It had been moved, and nobody had been heard in the new channel. */
  readonly moved: boolean;
  /** Whose speech could not be decrypted. */
  readonly unheard: readonly string[];
};

/** What capture knows of one track. */
export type CapturedTrack = {
  readonly track: number;
  readonly userId: string;
  readonly counts: TrackCounts;
  /** Where what was said is missing, as far as capture knows; absent where it is as it was told last. */
  readonly gaps?: readonly Gap[];
};

/** The end of a capture: everything up to `lengthSamples` has been offered to the queue. */
export type CaptureResult = {
  /** Position of the end of the recording: the length of every track. */
  readonly lengthSamples: number;
  /** The queue's tail after the last frame: the writer has everything once it has read this far. */
  readonly fence: number;
  readonly tracks: readonly CapturedTrack[];
  readonly connection: ConnectionCounts;
};

/** What capture reports while it runs. */
export type CaptureEvent =
  /** From here on people can be heard, for the first time or again: connected, keys there, people told. */
  | { readonly kind: "connected"; readonly handle: RecordingHandle; readonly position: number }
  /** The voice connection was lost; nothing can be heard from here until the next `connected`. */
  | {
      readonly kind: "interrupted";
      readonly handle: RecordingHandle;
      readonly position: number;
      readonly reason: string;
    }
  /**
   * Somebody took us to another channel. Nothing is kept from here on: not before `admit` says that people there know,
   * and the next `connected` says from where.
   */
  | {
      readonly kind: "moved";
      readonly handle: RecordingHandle;
      readonly position: number;
      readonly channelId: string;
    }
  /** An admin has deafened us in the server, so that nobody is heard; or that is over. */
  | {
      readonly kind: "deafened";
      readonly handle: RecordingHandle;
      readonly position: number;
      readonly deaf: boolean;
    }
  /** Somebody was heard for the first time: they have a track now. Numbers start at 1. */
  | {
      readonly kind: "track";
      readonly handle: RecordingHandle;
      readonly track: number;
      readonly userId: string;
      readonly position: number;
    }
  /** Somebody has been speaking since this position, and nothing of it could be decrypted for ten seconds. */
  | {
      readonly kind: "unheard";
      readonly handle: RecordingHandle;
      readonly userId: string;
      readonly position: number;
    }
  /** Somebody who was unheard can be decrypted again. */
  | {
      readonly kind: "heard-again";
      readonly handle: RecordingHandle;
      readonly userId: string;
      readonly position: number;
    }
  /** Refreshed about once a second while it runs. */
  | {
      readonly kind: "progress";
      readonly handle: RecordingHandle;
      readonly position: number;
      readonly tracks: readonly CapturedTrack[];
      readonly connection: ConnectionCounts;
      readonly queuedFrames: number;
    }
  /** The connection cannot be had again: kicked, channel gone, fatal refusal. The recording must end. */
  | { readonly kind: "ended"; readonly handle: RecordingHandle; readonly error: ErrorData };

/** The capture stage, seen from the main thread. */
export type CaptureStage = {
  /**
   * Joins and starts the recording's clock; resolves when position 0 has been fixed. Rejects with RecorderError. One that
   * goes on has its clock already: it resolves at once, and events tell when people are heard again.
   */
  start(request: CaptureRequest): Promise<{ readonly startedAtMs: number }>;
  /** Leaves, flushes what waits, and says where the end is. Idempotent per handle. */
  stop(handle: RecordingHandle): Promise<CaptureResult>;
  /** After `moved`: people in that channel have been told. Without effect if we are elsewhere by now. */
  admit(handle: RecordingHandle, channelId: string): void;
  /** Gives up a connection that stands but carries nothing, and makes another. */
  reconnect(handle: RecordingHandle, reason: string): void;
  onEvent(listener: (event: CaptureEvent) => void): void;
};

export type OpenRequest = {
  readonly handle: RecordingHandle;
  /** The recording's folder, absolute; the writer creates it. */
  readonly directory: string;
  readonly channels: Channels;
  readonly startedAtMs: number;
  readonly manifest: Manifest;
  /** Its folder is there, perhaps with tracks: go on with them. */
  readonly continues?: boolean;
};

/** What the writer knows of one closed track. */
export type WrittenTrack = {
  readonly track: number;
  readonly userId: string;
  /** Name inside `tracks/`. */
  readonly file: string;
  readonly samples: number;
  /** Samples that came from frames; the rest is silence. */
  readonly writtenSamples: number;
  readonly sizeBytes: number;
  /** Largest absolute sample value, 0 to 32768. */
  readonly peak: number;
};

/** Frames of one track that came out of the queue and are in no file. */
export type UnwrittenTrack = {
  readonly track: number;
  readonly userId: string;
  /** Packets that capture counted as written. */
  readonly packets: number;
  readonly missingSamples: number;
  /** From the first such frame to the end of the last. */
  readonly fromSamples: number;
  readonly toSamples: number;
};

export type WriterEvent =
  /** A disk error ended this recording's writing; everything before it is kept. */
  | { readonly kind: "fault"; readonly handle: RecordingHandle; readonly error: ErrorData }
  /**
   * The writer died and another goes on with the files: what the dead one had in its hands is missing, about 0.1 s.
   * Told before `close` is answered.
   */
  | {
      readonly kind: "replaced";
      readonly handle: RecordingHandle;
      /** Of the first frame that the dead one left in the queue; undefined where that was empty. */
      readonly position?: number;
    }
  /** What the disk refused, once for all: told before `close` is answered, and only where there was any. */
  | {
      readonly kind: "unwritten";
      readonly handle: RecordingHandle;
      readonly tracks: readonly UnwrittenTrack[];
    };

/** The writer stage, seen from the main thread. */
export type WriterStage = {
  /** Creates folder and manifest. Rejects with RecorderError when the disk refuses. */
  open(request: OpenRequest): Promise<void>;
  /** Gives a track its person's name: renames the file, tags the header. Never waits. */
  nameTrack(handle: RecordingHandle, track: number, name: string): void;
  /** Appends a line to `events.ndjson`. Never waits. */
  recordEvent(handle: RecordingHandle, event: RecordingEvent): void;
  /** Replaces `recording.json` atomically. */
  writeManifest(handle: RecordingHandle, manifest: Manifest): Promise<void>;
  /** Drains the queue up to the fence, creates the tracks not heard of, pads all to `lengthSamples`, finalises. */
  close(
    handle: RecordingHandle,
    end: { readonly lengthSamples: number; readonly fence: number },
  ): Promise<readonly WrittenTrack[]>;
  /** Lets go of the folder after the last manifest; files belong to jobs from now on. */
  release(handle: RecordingHandle): Promise<void>;
  onEvent(listener: (event: WriterEvent) => void): void;
};
