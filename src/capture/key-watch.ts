/**
 * Decides when the end-to-end keys are lost for good and must be asked for again, and when that does not help. One for a
 * recording, over all its connections. Pure: it is told the time. One person whose packets fail is their fault or the
 * server's; nobody's packet opening is ours.
 */

/** Failing longer than this with no success, and with no change of keys under way, does not mend itself. */
const PATIENCE_MS = 3_000;
/** Without fresh failures nobody speaks, and nothing is lost by waiting. */
const FRESH_MS = 1_000;
/** A change of keys takes two seconds at most; one that takes longer never ends. */
const STUCK_MS = 10_000;
const WINDOW_MS = 60_000;
const MAX_RENEWALS = 3;
/** A rejoin interrupts everybody: where it did not help, another one soon will not either. */
const REJOIN_PAUSE_MS = 10 * 60_000;

/** How the keys stand: nothing under way; a change under way; new ones asked for by us. */
export type KeyState = "settled" | "changing" | "renewing";

/** What to do: nothing; ask the group for new keys (op 31); leave the call and join it again. */
export type KeyRemedy = "none" | "renew" | "rejoin";

export class KeyWatch {
  #failingSinceMs: number | undefined;
  #failedAtMs = 0;
  #unsettledSinceMs: number | undefined;
  readonly #renewalsMs: number[] = [];
  #rejoinedAtMs = -Infinity;

  /** An encrypted packet opened: all is well. */
  opened(): void {
    this.#failingSinceMs = undefined;
  }

  /** An encrypted packet of a known sender did not open. */
  failed(nowMs: number): void {
    this.#failingSinceMs ??= nowMs;
    this.#failedAtMs = nowMs;
  }

  /** What to do now; counts as done. */
  remedy(nowMs: number, keys: KeyState): KeyRemedy {
    if (keys === "settled") this.#unsettledSinceMs = undefined;
    else this.#unsettledSinceMs ??= nowMs;
    const since = this.#failingSinceMs;
    if (since === undefined || nowMs - since < PATIENCE_MS || nowMs - this.#failedAtMs > FRESH_MS)
      return "none";
    if (this.#unsettledSinceMs !== undefined && nowMs - this.#unsettledSinceMs < STUCK_MS) return "none";
    while (this.#renewalsMs.length > 0 && nowMs - (this.#renewalsMs[0] ?? 0) > WINDOW_MS)
      this.#renewalsMs.shift();
    // What we have asked for and never got need not be asked for again.
    if (keys === "renewing" || this.#renewalsMs.length >= MAX_RENEWALS) return this.#rejoin(nowMs);
    this.#renewalsMs.push(nowMs);
    // The new keys get as long as these did.
    this.#failingSinceMs = undefined;
    return "renew";
  }

  #rejoin(nowMs: number): KeyRemedy {
    if (nowMs - this.#rejoinedAtMs < REJOIN_PAUSE_MS) return "none";
    this.#rejoinedAtMs = nowMs;
    this.#failingSinceMs = undefined;
    this.#unsettledSinceMs = undefined;
    return "rejoin";
  }
}
