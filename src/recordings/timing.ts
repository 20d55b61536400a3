/** How long a recording waits for its stages, in milliseconds. No wait of a recording is without a bound. */
export type Timing = {
  /** For the writer to make the folder. */
  readonly openMs: number;
  /** For the notice to stand, or to be taken down; Discord's rate limits are in it. */
  readonly noticeMs: number;
  /** For the voice connection. */
  readonly connectMs: number;
  /** For capture to leave and flush; longer than its own deadline, after which it still says where the end is. */
  readonly stopMs: number;
  /** For a name that Discord has not told yet when the recording ends. */
  readonly nameMs: number;
  /** For the writer to drain the queue and finalise every track: a stalled disk must not cost the ending. */
  readonly closeMs: number;
  /** For one manifest. */
  readonly manifestMs: number;
  /** For all recordings together when the process ends: it has 10 s for everything. */
  readonly shutdownMs: number;
  /** Between two manifests while nothing but the counts changes. */
  readonly checkpointMs: number;
  /** From a change to its manifest: changes that come together are written together. */
  readonly settleMs: number;
  /** Between two looks at the free space. */
  readonly diskMs: number;
};

export const TIMING: Timing = {
  openMs: 10_000,
  noticeMs: 10_000,
  connectMs: 30_000,
  stopMs: 7_000,
  nameMs: 2_000,
  closeMs: 60_000,
  manifestMs: 10_000,
  shutdownMs: 8_000,
  checkpointMs: 10_000,
  settleMs: 500,
  diskMs: 5_000,
};
