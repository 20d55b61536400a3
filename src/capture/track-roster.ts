import { FRAME_SAMPLES, samplesOfMs } from "../audio/pcm.ts";
import type { Channels } from "../audio/pcm.ts";
import type { Log } from "../log.ts";
import type { FrameProducer } from "../queue/frame-producer.ts";
import type { CaptureEvent, RecordingHandle } from "../recordings/stages.ts";
import type { CaptureBooks } from "./capture-books.ts";
import { Track } from "./track.ts";
import type { TrackOutlet } from "./track.ts";

export type TrackRosterOptions = {
  readonly handle: RecordingHandle;
  readonly channels: Channels;
  readonly producer: FrameProducer;
  /** The recording's; those of a resumed one hold the accounts of before. */
  readonly books: CaptureBooks;
  /** Those whose speech could not be decrypted before. */
  readonly unheard: readonly string[];
  readonly log: Log;
  readonly onEvent: (event: CaptureEvent) => void;
};

/** Lives on the capture thread. The people of one recording: who has a track, and who speaks without being understood. */
export class TrackRoster {
  readonly #options: TrackRosterOptions;
  readonly #outlet: TrackOutlet;
  readonly #tracks = new Map<string, Track>();

  constructor(options: TrackRosterOptions) {
    this.#options = options;
    const { handle, channels, producer, books, unheard } = options;
    const onHeard = (track: Track, position: number): void => this.#onHeard(track, position);
    this.#outlet = { producer, handle, channels, onHeard };
    for (const account of books.accounts) this.#tracks.set(account.userId, new Track(account, this.#outlet));
    for (const userId of unheard) this.#tracks.get(userId)?.hearing.goOnUnheard();
  }

  /** Position after the last sample of anybody. */
  get endPosition(): number {
    let end = 0;
    for (const { endPosition } of this.#tracks.values()) end = Math.max(end, endPosition);
    return end;
  }

  /** A person's track, a new one if need be; it gets its number when they are heard. */
  trackOf(userId: string): Track {
    let track = this.#tracks.get(userId);
    if (track === undefined) {
      track = new Track(this.#options.books.open(userId), this.#outlet);
      this.#tracks.set(userId, track);
    }
    return track;
  }

  /** Says who speaks without being understood, or is understood again. */
  tellUnheard(nowMs: number, now: number): void {
    const { handle, log, onEvent } = this.#options;
    for (const track of this.#tracks.values()) {
      const { userId, hearing } = track;
      const kind = hearing.change(nowMs);
      if (kind === undefined) continue;
      const sinceMs = kind === "unheard" ? nowMs - hearing.failingSinceMs : 0;
      const position = Math.max(0, now - samplesOfMs(sinceMs));
      log.warn({ userId, position }, kind === "unheard" ? "somebody cannot be decrypted" : "heard again");
      // What is missing is missing from their track, not from nobody's.
      if (track.number === 0) this.#giveSilentTrack(track, now - FRAME_SAMPLES);
      onEvent({ kind, handle, userId, position });
    }
  }

  /** People whose packets came but could not be heard have a track all the same: a silent one that says why. */
  nameSilentTracks(end: number): void {
    for (const track of this.#tracks.values()) {
      const { counts } = track.account.ledger;
      const unheard = counts.late + counts.expired + counts.rejected + counts.dropped > 0;
      if (track.number === 0 && unheard) this.#giveSilentTrack(track, end - FRAME_SAMPLES);
    }
  }

  #onHeard(track: Track, position: number): void {
    const { handle, books, onEvent } = this.#options;
    const number = books.lastTrack + 1;
    books.lastTrack = number;
    track.account.track = number;
    onEvent({ kind: "track", handle, track: number, userId: track.userId, position });
  }

  #giveSilentTrack(track: Track, at: number): void {
    const position = Math.max(0, at);
    track.heardAt(position);
    // The writer makes a track when its first frame comes.
    track.offerSilence(position, position + FRAME_SAMPLES);
  }
}
