import { isEncryptedFrame, openMedia } from "./media-lock.ts";
import type { DaveState } from "./media-lock.ts";

/** Packets tried per sender and round; each costs 4 µs per candidate. */
const MAX_TRIALS = 4;

/**
 * Finds out who sends under an SSRC that nobody announced. Keys are per sender: whoever's key opens encrypted media is
 * its sender (wrong keys opened none of 5,000). One round for one sender; lives on the capture thread.
 */
export class SenderTrial {
  readonly #candidates: Iterable<string>;
  readonly #dave: DaveState;
  #trials = 0;

  constructor(candidates: Iterable<string>, dave: DaveState) {
    this.#candidates = candidates;
    this.#dave = dave;
  }

  /** The sender and the Opus of a frame; undefined when no candidate fits or enough has been tried. */
  open(frame: Buffer): { readonly userId: string; readonly opus: Buffer } | undefined {
    // Without a session, and in clear, media opens for anybody and so proves nothing.
    if (this.#dave.session === undefined || !isEncryptedFrame(frame)) return undefined;
    if (this.#trials >= MAX_TRIALS) return undefined;
    this.#trials++;
    for (const userId of this.#candidates) {
      const opus = openMedia(frame, userId, this.#dave);
      if (opus !== undefined) return { userId, opus };
    }
    return undefined;
  }
}
