import type { Log } from "../log.ts";
import type { Catalog } from "./catalog.ts";
import type { Manifest } from "./manifest.ts";
import type { Names, NoticeBoard } from "./people.ts";
import type { CaptureStage, WriterStage } from "./stages.ts";
import type { Storage } from "./storage.ts";
import type { Timing } from "./timing.ts";

/** Everything around a recording. */
export type Surroundings = {
  readonly capture: CaptureStage;
  readonly writer: WriterStage;
  readonly catalog: Catalog;
  readonly names: Names;
  readonly notices: NoticeBoard;
  readonly storage: Storage;
  /** Whether joining is announced aloud. */
  readonly announce: boolean;
  readonly log: Log;
  readonly timing: Timing;
};

/** A recording as people may see it now. */
export type RecordingStatus = {
  /** With the counts of the last second. */
  readonly manifest: Manifest;
  /** Since position 0; 0 before that. */
  readonly elapsedMs: number;
  /** Frames that capture has offered and the writer has not taken. */
  readonly queuedFrames: number;
};
