/**
 * Which encrypted frames of one sender may be opened now, and which must let those they overtook catch up. davey takes
 * the first frame it opens under a key for the first of all: what came before that one never opens
 * (davey 0.1.12, `CipherManager::can_process_nonce`). Later on the order is free. Pure: it is told the time.
 *
 * A sender's nonces count up from 1 under each new key, one per frame, so that a frame tells whether others under its key
 * may still be on their way.
 */

/** Half of the look-ahead: a frame that waited this long is placed like any other. */
const CATCH_UP_MS = 100;
/** Nonces used per packet of audio, at most: a camera's frames count on the same counter. */
const NONCES_PER_PACKET = 4;

export class FrameOrder {
  #newestSequence = -Infinity;
  #newestNonce = 0;
  #waitsUntilMs = 0;

  /** Whether nothing is lost by opening this frame now. A first "no" starts the clock; after 100 ms everything may. */
  mayOpen(sequence: number, nonce: number, nowMs: number): boolean {
    const ahead = sequence - this.#newestSequence;
    // It is the first under its key; or it is old, and davey knows that it is missing; or it overtook nothing.
    if (nonce <= 1 || ahead <= 1) return true;
    // No frame sent under a newer key could have got so far since.
    if (nonce > this.#newestNonce && nonce > ahead * NONCES_PER_PACKET) return true;
    if (this.#waitsUntilMs === 0) this.#waitsUntilMs = nowMs + CATCH_UP_MS;
    return nowMs >= this.#waitsUntilMs;
  }

  /** The frame was opened. */
  opened(sequence: number, nonce: number): void {
    if (sequence < this.#newestSequence) return;
    this.#newestSequence = sequence;
    this.#newestNonce = nonce;
    this.#waitsUntilMs = 0;
  }
}
