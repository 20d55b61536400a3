import type { ErrorData } from "../errors.ts";

/** Why a recording ends. */
export type EndCause =
  /** Somebody said stop. */
  | { readonly kind: "asked" }
  /** The process is about to end. */
  | { readonly kind: "shutdown" }
  /** The voice connection cannot be had again: kicked, channel gone. What was said until then is complete. */
  | { readonly kind: "lost"; readonly error: ErrorData }
  /** The disk refused: something said is missing. */
  | { readonly kind: "fault"; readonly error: ErrorData };

/**
 * The states of one recording:
 * - `connecting`: the folder is made, the notice shown, the channel joined; nothing is stored yet.
 * - `recording`: the clock runs, frames are written.
 * - `reconnecting`: the clock runs, the voice connection is lost; silence until it is back.
 * - `finishing`: the clock has stopped; tracks are padded and closed.
 * - `finished`: everything is closed and in the catalog. With an error in the manifest: why it ended by itself.
 * - `failed`: it never began, or the disk refused; what was written before is closed and playable.
 *
 * connecting → recording ⇄ reconnecting → finishing → finished | failed, and connecting → failed.
 */
export type SessionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "recording" }
  | { readonly kind: "reconnecting"; readonly reason: string }
  | { readonly kind: "finishing"; readonly cause: EndCause }
  | { readonly kind: "finished" }
  | { readonly kind: "failed"; readonly error: ErrorData };

/** Whether frames may be on their way. */
export function isRunning(state: SessionState): boolean {
  return state.kind === "recording" || state.kind === "reconnecting";
}

/** Whether nothing of the recording will change any more. */
export function isOver(state: SessionState): boolean {
  return state.kind === "finished" || state.kind === "failed";
}
