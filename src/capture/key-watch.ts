/**
 * Decides when a connection's end-to-end keys are lost for good and must be asked for again. Pure: it is told the time.
 * One person whose packets fail is their fault or the server's; nobody's packet opening is ours.
 */

/** A transition takes at most about two seconds; failing longer than this with no success is no transition. */
const PATIENCE_MS = 5_000;
/** Without fresh failures nobody speaks, and nothing is lost by waiting. */
const FRESH_MS = 1_000;
const WINDOW_MS = 60_000;
const MAX_PER_WINDOW = 3;

export class KeyWatch {
  #failingSinceMs: number | undefined;
  #failedAtMs = 0;
  readonly #recoveries: number[] = [];

  /** A packet opened: all is well. */
  opened(): void {
    this.#failingSinceMs = undefined;
  }

  /** An encrypted packet of a known sender did not open. */
  failed(nowMs: number): void {
    this.#failingSinceMs ??= nowMs;
    this.#failedAtMs = nowMs;
  }

  /** Whether to ask for new keys now; counts as having asked. */
  shouldRecover(nowMs: number): boolean {
    const since = this.#failingSinceMs;
    if (since === undefined || nowMs - since < PATIENCE_MS || nowMs - this.#failedAtMs > FRESH_MS)
      return false;
    while (this.#recoveries.length > 0 && nowMs - (this.#recoveries[0] ?? 0) > WINDOW_MS)
      this.#recoveries.shift();
    if (this.#recoveries.length >= MAX_PER_WINDOW) return false;
    this.#recoveries.push(nowMs);
    // The new keys get as long as these did.
    this.#failingSinceMs = undefined;
    return true;
  }
}
