/**
 * What a start needs to bring recordings to their end that a dead process left. `writer/recovery/` implements it, since
 * nobody but the writer's side touches a recording's files; `composition.ts` brings the two together.
 */
import type { Manifest } from "./manifest.ts";

/** A folder that nobody writes to any more, and that says of itself that it is not finished, or nothing of sense. */
export type LeftRecording = {
  /** The folder's name, which has the form of an id. */
  readonly id: string;
  /** Absolute. */
  readonly directory: string;
  /** Where a folder goes that cannot be understood; made when it is needed. */
  readonly quarantineDirectory: string;
  /** What the catalog remembers, for a folder without its manifest. */
  readonly known: Manifest | undefined;
};

export type RecoveryOutcome =
  /** Its tracks, events and manifest are final and on the disk. */
  | { readonly kind: "recovered"; readonly manifest: Manifest }
  /** It had ended; only its last manifest was missing, and is there again. */
  | { readonly kind: "restored"; readonly manifest: Manifest }
  /** Nobody can tell what it is: moved there whole. */
  | { readonly kind: "quarantined"; readonly place: string; readonly reason: string }
  /** An empty folder: nothing had been written. */
  | { readonly kind: "removed" }
  /** Left as it is. */
  | { readonly kind: "kept"; readonly reason: string };

export type RecoveryStage = {
  /**
   * Idempotent, and killed anywhere it leaves the same bytes when it is run again. Rejects with RecorderError; the folder
   * is then to be tried again at the next start.
   */
  recover(left: LeftRecording): Promise<RecoveryOutcome>;
  /** Breaks off what is under way; no more folders. Idempotent. */
  close(): Promise<void>;
};

/**
 * An empty file in a recovered recording's folder as long as the people have not been told: whoever recovers it may die,
 * or not be on Discord at all.
 */
export const UNTOLD_FILE = "untold";

/** Why a recording has an end that nobody gave it. */
export const INTERRUPTED_CODE = "E-INTERRUPTED";
