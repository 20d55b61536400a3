import type { MediaKeys } from "./media-keys.ts";

/** What hearing again takes of the connection. */
export type Ears = {
  readonly ready: boolean;
  readonly mediaKeys: MediaKeys;
  /** Nobody else is in the call. */
  readonly alone: boolean;
};

/** Nobody may be there to let us in: then there is nobody to be missed either. */
const ALONE_MS = 3_000;
/** The spoken notice is 2 s long; a connection that carries nothing must not keep the recording waiting. */
const ANNOUNCEMENT_MS = 8_000;

/**
 * - `none`: nothing to say. - `due`: to be said once people can hear it. - `speaking`. It counts as said when it was cut.
 */
type Announcement = "none" | "due" | "speaking";

/**
 * Lives on the capture thread. From when to when a running recording could hear nobody. Being connected is not enough:
 * the call's keys must be there, and after a move the notice must stand in the new channel. Told the time, in
 * milliseconds of one clock.
 */
export class Earshot {
  #interrupted: boolean;
  #readyMs: number | undefined;
  #settledMs: number | undefined;
  /** Since when people in this channel know; undefined until they do. */
  #admittedMs: number | undefined = 0;
  #announcement: Announcement = "none";
  #spokenByMs = 0;

  /** @param interrupted it begins in an interruption. */
  constructor(interrupted: boolean) {
    this.#interrupted = interrupted;
  }

  /** Whether what is said now may be kept: people in this channel have been told. */
  get admitted(): boolean {
    return this.#admittedMs !== undefined && this.#announcement === "none";
  }

  /** Position 0: what happened before it is no interruption. */
  begin(): void {
    this.#interrupted = false;
  }

  /** The connection is gone. @returns whether an interruption begins with it, rather than goes on. */
  lost(): boolean {
    const begins = !this.#interrupted;
    this.#interrupted = true;
    this.#readyMs = undefined;
    // Who heard half of it hears it again.
    if (this.#announcement === "speaking") this.#announcement = "due";
    return begins;
  }

  /** The connection stands again. */
  ready(nowMs: number): void {
    this.#readyMs = nowMs;
    this.#settledMs = undefined;
  }

  /** We are in another channel, whose people know nothing yet. */
  moved(nowMs: number): void {
    this.#interrupted = true;
    this.#admittedMs = undefined;
    this.#announcement = "none";
    // The old connection may stand a little longer.
    if (this.#readyMs !== undefined) this.ready(nowMs);
  }

  /** The notice stands where we are now. @param announce it shall be said aloud too, before anything is kept. */
  admit(nowMs: number, announce: boolean): void {
    if (this.#admittedMs !== undefined) return;
    this.#admittedMs = nowMs;
    this.#announcement = announce ? "due" : "none";
  }

  /** The announcement has been said, or could not be. */
  announced(nowMs: number): void {
    if (this.#announcement !== "speaking") return;
    this.#announcement = "none";
    this.#admittedMs = nowMs;
  }

  /** Every 20 ms. What to do: nothing, announce, or go on because people could be heard again since `sinceMs`. */
  tick(
    nowMs: number,
    ears: Ears,
  ): { readonly kind: "wait" | "announce" } | { readonly kind: "heard"; readonly sinceMs: number } {
    if (!this.#interrupted || this.#readyMs === undefined || !ears.ready) return WAIT;
    const audibleMs = this.#audibleSince(nowMs, this.#readyMs, ears);
    if (audibleMs === undefined || this.#admittedMs === undefined) return WAIT;
    if (this.#announcement === "due") {
      this.#announcement = "speaking";
      this.#spokenByMs = nowMs + ANNOUNCEMENT_MS;
      return ANNOUNCE;
    }
    if (this.#announcement === "speaking") {
      if (nowMs < this.#spokenByMs) return WAIT;
      this.announced(nowMs);
    }
    this.#interrupted = false;
    return { kind: "heard", sinceMs: Math.max(audibleMs, this.#admittedMs) };
  }

  #audibleSince(nowMs: number, readyMs: number, { mediaKeys, alone }: Ears): number | undefined {
    if (mediaKeys === "none") return readyMs;
    if (mediaKeys === "settled") this.#settledMs ??= nowMs;
    else this.#settledMs = undefined;
    if (this.#settledMs !== undefined) return this.#settledMs;
    return alone && nowMs - readyMs >= ALONE_MS ? readyMs : undefined;
  }
}

const WAIT = { kind: "wait" } as const;
const ANNOUNCE = { kind: "announce" } as const;
