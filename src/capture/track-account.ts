import type { CapturedTrack } from "../recordings/stages.ts";
import { GAP_LIST_LENGTH, GapList } from "./gap-list.ts";
import { LEDGER_LENGTH, PacketLedger } from "./packet-ledger.ts";

/** User id and number of the track, then its ledger, then its gaps. */
const LEDGER_AT = 2;
const GAPS_AT = LEDGER_AT + LEDGER_LENGTH;
const WORD_BYTES = Float64Array.BYTES_PER_ELEMENT;

/** Memory of one account. */
export const ACCOUNT_BYTES = (GAPS_AT + GAP_LIST_LENGTH) * WORD_BYTES;

/** Written on the capture thread alone. One person's track number and books, in memory that may outlive the thread. */
export class TrackAccount {
  readonly userId: string;
  readonly ledger: PacketLedger;
  readonly gaps: GapList;
  readonly #head: Float64Array;
  #toldGaps = -1;

  private constructor(memory: ArrayBufferLike, byteOffset: number) {
    this.userId = String(new BigUint64Array(memory, byteOffset, 1)[0]);
    this.#head = new Float64Array(memory, byteOffset, LEDGER_AT);
    this.ledger = new PacketLedger(
      new Float64Array(memory, byteOffset + LEDGER_AT * WORD_BYTES, LEDGER_LENGTH),
    );
    this.gaps = new GapList(new Float64Array(memory, byteOffset + GAPS_AT * WORD_BYTES, GAP_LIST_LENGTH));
  }

  /** Opens a person's account in zeroed memory; its own unless given. Throws SyntaxError where the id is no number. */
  static open(
    userId: string,
    memory: ArrayBufferLike = new ArrayBuffer(ACCOUNT_BYTES),
    byteOffset = 0,
  ): TrackAccount {
    new BigUint64Array(memory, byteOffset, 1)[0] = BigInt(userId);
    return new TrackAccount(memory, byteOffset);
  }

  /** An account that was opened before. */
  static read(memory: ArrayBufferLike, byteOffset: number): TrackAccount {
    return new TrackAccount(memory, byteOffset);
  }

  /** The track's number, from 1 in the order of being heard; 0 before. */
  get track(): number {
    return this.#head[1]!;
  }

  set track(number: number) {
    this.#head[1] = number;
  }

  snapshot(): CapturedTrack {
    return {
      track: this.track,
      userId: this.userId,
      counts: this.ledger.counts,
      gaps: this.gaps.list(),
    };
  }

  /** The same, without the gaps where they are as they were told last. */
  news(): CapturedTrack {
    if (this.#toldGaps !== this.gaps.version) {
      this.#toldGaps = this.gaps.version;
      return this.snapshot();
    }
    return { track: this.track, userId: this.userId, counts: this.ledger.counts };
  }
}
