/**
 * Sequence numbers and timestamps of one RTP stream, extended beyond their 16 and 32 bits, with duplicates found.
 * Pure: the state is what was seen before. Accepts everything in order of arrival.
 */

/** How far behind the newest packet one is still told from a duplicate: 2048 packets, 41 s of speech. */
const WINDOW = 2_048;

export type Unwrapped =
  /** Not seen before; `sequence` and `timestamp` hold the extended numbers. */
  | "new"
  /** This sequence number was seen. */
  | "duplicate"
  /** Too far behind to tell. Two such packets in a row are a sender that started over, and are taken as new. */
  | "ancient";

export class RtpUnwrapper {
  /** Extended numbers of the packet accepted last. */
  sequence = 0;
  timestamp = 0;

  #highest = -1;
  #highestRaw = 0;
  #referenceTimestamp = 0;
  #referenceRaw = 0;
  #strayRaw = -1;
  readonly #seen = new Uint8Array(WINDOW);

  /** Takes a packet's 16-bit sequence number and 32-bit timestamp. Allocates nothing. */
  accept(rawSequence: number, rawTimestamp: number): Unwrapped {
    if (this.#highest < 0) {
      // One lap of head room, so that packets from before the first one seen stay positive.
      this.#advanceTo(0x1_0000 + rawSequence, rawSequence);
      this.#takeTimestamp(rawTimestamp, rawTimestamp);
      return "new";
    }
    const step = ((rawSequence - this.#highestRaw) << 16) >> 16;
    if (step <= -WINDOW) return this.#stray(rawSequence, rawTimestamp);
    this.#strayRaw = -1;
    this.sequence = this.#highest + step;
    this.timestamp = this.#referenceTimestamp + ((rawTimestamp - this.#referenceRaw) | 0);
    if (step > 0) {
      this.#advanceTo(this.sequence, rawSequence);
      this.#takeTimestamp(this.timestamp, rawTimestamp);
      return "new";
    }
    const slot = this.sequence % WINDOW;
    if (this.#seen[slot] === 1) return "duplicate";
    this.#seen[slot] = 1;
    return "new";
  }

  /** A sender that restarts keeps its SSRC but not its numbers (RFC 3550 §A.1): wait for a second one to be sure. */
  #stray(rawSequence: number, rawTimestamp: number): Unwrapped {
    const expected = this.#strayRaw;
    this.#strayRaw = (rawSequence + 1) & 0xffff;
    if (rawSequence !== expected) return "ancient";
    this.#strayRaw = -1;
    // Two ahead: the number between belongs to the first stray, which was given up.
    this.#advanceTo(this.#highest + 2, rawSequence);
    this.#takeTimestamp(this.#referenceTimestamp + ((rawTimestamp - this.#referenceRaw) | 0), rawTimestamp);
    return "new";
  }

  #advanceTo(sequence: number, raw: number): void {
    const first = Math.max(this.#highest + 1, sequence - WINDOW + 1);
    for (let between = first; between < sequence; between++) this.#seen[between % WINDOW] = 0;
    this.#seen[sequence % WINDOW] = 1;
    this.#highest = sequence;
    this.#highestRaw = raw;
    this.sequence = sequence;
  }

  #takeTimestamp(timestamp: number, raw: number): void {
    this.#referenceTimestamp = timestamp;
    this.#referenceRaw = raw;
    this.timestamp = timestamp;
  }
}
