/**
 * Decides when a recording's clock begins. In an end-to-end encrypted call, being connected is not enough: what people
 * said before they took us into their group can never be opened (DAVE, "Sender key derivation"). Pure: it is told the time.
 */
import type { MediaKeys } from "./media-keys.ts";

/** Packets encrypted with the group's former keys may still be under way. */
const UNDER_WAY_MS = 250;
/** Nobody may be there to let us in: then there is nobody to be missed either. */
const PATIENCE_MS = 3_000;

export class StartGate {
  #firstAskedMs: number | undefined;
  #settledMs: number | undefined;

  /** Whether the clock may begin; asked again and again from the moment at which the connection is ready. */
  opens(nowMs: number, keys: MediaKeys): boolean {
    this.#firstAskedMs ??= nowMs;
    if (keys === "none") return true;
    if (keys === "settled") this.#settledMs ??= nowMs;
    else this.#settledMs = undefined;
    if (this.#settledMs !== undefined && nowMs - this.#settledMs >= UNDER_WAY_MS) return true;
    return nowMs - this.#firstAskedMs >= PATIENCE_MS;
  }
}
