/** What crosses between the main thread and the recovery thread: one folder at a time, one answer each. */
import type { ErrorData } from "../../errors.ts";
import type { LeftRecording, RecoveryOutcome } from "../../recordings/recovery-stage.ts";

/** Main → recovery. */
export type ToRecovery = { readonly kind: "recover"; readonly left: LeftRecording };

/** Recovery → main. */
export type FromRecovery =
  | { readonly kind: "done"; readonly outcome: RecoveryOutcome }
  | { readonly kind: "failed"; readonly error: ErrorData };
