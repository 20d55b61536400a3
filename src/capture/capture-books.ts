/**
 * Everything that is counted for one recording, in shared memory: the main thread owns it, one capture thread at a time
 * writes it. So the counts of a thread that died are exact, and the next one goes on with them.
 */
import type { ConnectionCounts } from "../recordings/counts.ts";
import type { CapturedBefore, CapturedTrack } from "../recordings/stages.ts";
import { ACCOUNT_BYTES, TrackAccount } from "./track-account.ts";

/** People per recording whose books survive their thread; those of more do not. Memory that nobody uses costs nothing. */
const MAX_ACCOUNTS = 1_024;

const WORD_BYTES = Float64Array.BYTES_PER_ELEMENT;
const HEAD = { datagrams: 0, notMedia: 1, unattributed: 2, accounts: 3, lastTrack: 4, seenAlive: 5 } as const;
const HEAD_LENGTH = 8;
const ACCOUNTS_AT = HEAD_LENGTH * WORD_BYTES;

/** Zeroed memory for the books of one recording. */
export function createBooksMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(ACCOUNTS_AT + MAX_ACCOUNTS * ACCOUNT_BYTES);
}

/** A view of a recording's books. Written on the capture thread; the main thread writes only when that is dead. */
export class CaptureBooks {
  readonly #memory: SharedArrayBuffer;
  readonly #head: Float64Array;
  readonly #accounts: TrackAccount[] = [];

  /** Finds what was written so far. */
  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.#head = new Float64Array(memory, 0, HEAD_LENGTH);
    for (let at = 0; at < this.#head[HEAD.accounts]!; at++)
      this.#accounts.push(TrackAccount.read(memory, accountOffset(at)));
  }

  // Datagrams by fate; see `ConnectionCounts`. Packets of senders who may yet become known are in none of the last two.
  get datagrams(): number {
    return this.#head[HEAD.datagrams]!;
  }
  set datagrams(count: number) {
    this.#head[HEAD.datagrams] = count;
  }
  get notMedia(): number {
    return this.#head[HEAD.notMedia]!;
  }
  set notMedia(count: number) {
    this.#head[HEAD.notMedia] = count;
  }
  get unattributed(): number {
    return this.#head[HEAD.unattributed]!;
  }
  set unattributed(count: number) {
    this.#head[HEAD.unattributed] = count;
  }

  /** The highest number that any track has. */
  get lastTrack(): number {
    return this.#head[HEAD.lastTrack]!;
  }
  set lastTrack(number: number) {
    this.#head[HEAD.lastTrack] = number;
  }

  /** The recording's position when the thread was last seen at work, at most 20 ms old. */
  get seenAlive(): number {
    return this.#head[HEAD.seenAlive]!;
  }
  set seenAlive(position: number) {
    this.#head[HEAD.seenAlive] = position;
  }

  /** Every account: those of an earlier thread, then those opened since. */
  get accounts(): readonly TrackAccount[] {
    return this.#accounts;
  }

  /** Opens the account of somebody who has none. */
  open(userId: string): TrackAccount {
    const at = this.#accounts.length;
    const fits = at < MAX_ACCOUNTS;
    const account = fits
      ? TrackAccount.open(userId, this.#memory, accountOffset(at))
      : TrackAccount.open(userId);
    this.#accounts.push(account);
    if (fits) this.#head[HEAD.accounts] = at + 1;
    return account;
  }

  /** Goes on from what an earlier process told. In fresh memory, before any thread has it. */
  restore({ position, tracks, connection }: CapturedBefore): void {
    this.seenAlive = position;
    for (const { track, userId, counts, gaps = [] } of tracks) {
      this.lastTrack = Math.max(this.lastTrack, track);
      // A file whose person nobody knows keeps its number, and gets nothing more.
      if (!/^\d+$/.test(userId)) continue;
      const account = this.open(userId);
      account.track = track;
      account.ledger.restore(counts);
      for (const { reason, fromSamples, toSamples, missingSamples } of gaps)
        account.gaps.add(reason, fromSamples, toSamples, missingSamples);
    }
    if (connection === undefined) return;
    this.datagrams = connection.datagrams;
    this.notMedia = connection.notMedia;
    this.unattributed = connection.unattributed;
  }

  /** The tracks of all who were heard. */
  tracks(): CapturedTrack[] {
    return this.#heard().map((account) => account.snapshot());
  }

  /** The same, their gaps left out where they are as they were told last. */
  news(): CapturedTrack[] {
    return this.#heard().map((account) => account.news());
  }

  /** @param unclaimed packets received whose sender may yet become known. */
  connectionCounts(unclaimed: number): ConnectionCounts {
    const { datagrams, notMedia } = this;
    let unattributed = this.unattributed + unclaimed;
    // Only silence frames and padding: nobody who would have a track.
    for (const { track, ledger } of this.#accounts) if (track === 0) unattributed += ledger.received;
    return { datagrams, notMedia, unattributed };
  }

  /** The thread that wrote them is dead: what waited in it will not be heard, and whoever sent it will not be known. */
  settleAfterDeath(): void {
    let attributed = 0;
    for (const { ledger } of this.#accounts) {
      ledger.abandonHeld();
      attributed += ledger.received;
    }
    this.unattributed = this.datagrams - this.notMedia - attributed;
  }

  #heard(): TrackAccount[] {
    return this.#accounts.filter(({ track }) => track > 0).sort((a, b) => a.track - b.track);
  }
}

function accountOffset(at: number): number {
  return ACCOUNTS_AT + at * ACCOUNT_BYTES;
}
