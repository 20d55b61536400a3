/**
 * Sequence numbers and timestamps of one RTP stream, extended beyond their 16 and 32 bits, with duplicates found.
 * Pure: the state is what was seen before. Accepts everything in order of arrival.
 */

/** How far behind the newest packet one is still told from a duplicate: 2048 packets, 41 s of speech. */
const WINDOW = 2_048;
/** Two strays no further apart than this belong together: some of what a sender sends first may be lost. */
const STRAY_STEP = 16;
/** So many in a row are a sender that starts over. */
const STRAYS = 2;
/** The same where they could be packets of long ago, sent again: nothing protects the transport from that. 320 ms. */
const STRAYS_LIKE_OLD = 16;
/** Numbers that jump ahead by more than this while the timestamp goes back are no loss: 1.3 s of it. */
const MAX_LOSS_BACK_IN_TIME = 64;
/** A timestamp contradicts its neighbours by more than this: 1 s. A sender that starts over begins anywhere in a day. */
const CONTRADICTION_SAMPLES = 48_000;
/** So long before the first packet seen, none is still under way: a minute. */
const MAX_OVERTAKEN_SAMPLES = 2_880_000;

export type Unwrapped =
  /** Not seen before; `sequence` and `timestamp` hold the extended numbers. */
  | "new"
  /** This sequence number was seen with this timestamp. */
  | "duplicate"
  /**
   * Too far away to tell, or with a timestamp that contradicts the packets around it. The second one in a row is a sender
   * that started over under its old SSRC (RFC 3550 §A.1), and is taken as new; the 16th, where all this stream's own past
   * would look the same.
   */
  | "ancient";

export class RtpUnwrapper {
  /** Extended numbers of the packet accepted last. */
  sequence = 0;
  timestamp = 0;

  #highest = -1;
  #highestRaw = 0;
  #referenceTimestamp = 0;
  #referenceRaw = 0;
  /** The lowest accepted so far. */
  #oldestTimestamp = Infinity;
  /** Strays in a row since the numbers went on, and the last one's number. */
  #strays = 0;
  #strayRaw = 0;
  readonly #seen = new Uint8Array(WINDOW);
  /** As received, of the numbers seen. */
  readonly #timestamps = new Uint32Array(WINDOW);

  /** Takes a packet's 16-bit sequence number and 32-bit timestamp. Allocates nothing. */
  accept(rawSequence: number, rawTimestamp: number): Unwrapped {
    if (this.#highest < 0) {
      // One lap of head room, so that packets from before the first one seen stay positive.
      this.#advanceTo(0x1_0000 + rawSequence, rawSequence, rawTimestamp);
      this.#takeTimestamp(rawTimestamp, rawTimestamp);
      return "new";
    }
    const step = ((rawSequence - this.#highestRaw) << 16) >> 16;
    if (step <= -WINDOW) return this.#stray(rawSequence, rawTimestamp);
    const sequence = this.#highest + step;
    const timestamp = this.#referenceTimestamp + ((rawTimestamp - this.#referenceRaw) | 0);
    if (step > MAX_LOSS_BACK_IN_TIME && timestamp < this.#referenceTimestamp)
      return this.#stray(rawSequence, rawTimestamp);
    if (step > 0) {
      this.#strays = 0;
      this.#advanceTo(sequence, rawSequence, rawTimestamp);
      this.#takeTimestamp(timestamp, rawTimestamp);
      return "new";
    }
    const slot = sequence % WINDOW;
    if (this.#seen[slot] === 1 && this.#timestamps[slot] === rawTimestamp >>> 0) return "duplicate";
    if (this.#seen[slot] === 1 || !this.#fits(sequence, rawTimestamp))
      return this.#stray(rawSequence, rawTimestamp);
    this.#seen[slot] = 1;
    this.#timestamps[slot] = rawTimestamp;
    this.sequence = sequence;
    this.timestamp = timestamp;
    return "new";
  }

  #stray(rawSequence: number, rawTimestamp: number): Unwrapped {
    const step = ((rawSequence - this.#strayRaw) << 16) >> 16;
    this.#strays = this.#strays > 0 && step > 0 && step <= STRAY_STEP ? this.#strays + 1 : 1;
    this.#strayRaw = rawSequence;
    const age = (this.#referenceRaw - rawTimestamp) >>> 0;
    const likeOld = age <= this.#referenceTimestamp - this.#oldestTimestamp;
    if (this.#strays < (likeOld ? STRAYS_LIKE_OLD : STRAYS)) return "ancient";
    this.#strays = 0;
    // The numbers between belong to the stray before, which was given up, and to what was lost after it.
    this.#advanceTo(this.#highest + 1 + step, rawSequence, rawTimestamp);
    this.#takeTimestamp(this.#referenceTimestamp + ((rawTimestamp - this.#referenceRaw) | 0), rawTimestamp);
    return "new";
  }

  /** Whether a number not seen yet has a timestamp that lies about between those of its neighbours. At most 2 µs. */
  #fits(sequence: number, rawTimestamp: number): boolean {
    let after = sequence + 1;
    while (after < this.#highest && this.#seen[after % WINDOW] === 0) after++;
    const toNext = ((this.#timestamps[after % WINDOW] ?? 0) - rawTimestamp) | 0;
    let before = sequence - 1;
    const oldest = this.#highest - WINDOW;
    while (before > oldest && this.#seen[before % WINDOW] === 0) before--;
    if (before === oldest) return toNext >= -CONTRADICTION_SAMPLES && toNext <= MAX_OVERTAKEN_SAMPLES;
    const fromLast = (rawTimestamp - (this.#timestamps[before % WINDOW] ?? 0)) | 0;
    // Timestamps that jumped back between the neighbours say nothing about what lay between.
    if (((fromLast + toNext) | 0) < 0) return true;
    return fromLast >= -CONTRADICTION_SAMPLES && toNext >= -CONTRADICTION_SAMPLES;
  }

  #advanceTo(sequence: number, rawSequence: number, rawTimestamp: number): void {
    const first = Math.max(this.#highest + 1, sequence - WINDOW + 1);
    for (let between = first; between < sequence; between++) this.#seen[between % WINDOW] = 0;
    this.#seen[sequence % WINDOW] = 1;
    this.#timestamps[sequence % WINDOW] = rawTimestamp;
    this.#highest = sequence;
    this.#highestRaw = rawSequence;
    this.sequence = sequence;
  }

  #takeTimestamp(timestamp: number, raw: number): void {
    this.#referenceTimestamp = timestamp;
    this.#oldestTimestamp = Math.min(this.#oldestTimestamp, timestamp);
    this.#referenceRaw = raw;
    this.timestamp = timestamp;
  }
}
