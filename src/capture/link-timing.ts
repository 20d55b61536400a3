/** How long a voice connection waits for what, in milliseconds. Tests shorten it. */
export type LinkTiming = {
  /** The first connection, all attempts together: somebody waits for the answer to a command. */
  readonly startMs: number;
  /** The first attempt at it. The library sends one discovery datagram and waits for ever: a second join sends another. */
  readonly firstAttemptMs: number;
  /** From a join to being ready. */
  readonly answerMs: number;
  /** A resume is routine and loses nothing; one that takes longer, with nobody heard meanwhile, is worth telling. */
  readonly resumeGraceMs: number;
  /** A resume that takes longer than this fails. */
  readonly resumeMs: number;
  /** After 4014, or word that we are in no channel: how long Discord may need to say that we were only moved. */
  readonly kickGraceMs: number;
  /** After 4022: how long Discord may need to name another voice server. */
  readonly serverGraceMs: number;
  /** After the endpoint was taken away; the old one may go on all that time. */
  readonly endpointGraceMs: number;
  /** Between leaving and joining again: Discord answers a join only when it changes something. */
  readonly rejoinPauseMs: number;
  /** The main gateway refused a payload: its shard is not ready, and nothing tells when it will be. */
  readonly refusedPauseMs: number;
  /** 4021: joining again earlier makes it worse. */
  readonly rateLimitMs: number;
  /** The longest pause between two attempts. */
  readonly maxPauseMs: number;
  /** A connection that stood this long was a good one: after it, attempts are counted from the beginning. */
  readonly stableMs: number;
  /**
   * How long to try. Silence costs no disk and an empty channel ends the recording by other means, so it is a bound
   * for what nobody thought of: longer than any outage of Discord so far.
   */
  readonly giveUpMs: number;
};

export const LINK_TIMING: LinkTiming = {
  startMs: 15_000,
  firstAttemptMs: 6_000,
  answerMs: 10_000,
  resumeGraceMs: 2_000,
  resumeMs: 15_000,
  kickGraceMs: 5_000,
  serverGraceMs: 5_000,
  endpointGraceMs: 30_000,
  rejoinPauseMs: 1_000,
  refusedPauseMs: 1_000,
  rateLimitMs: 60_000,
  maxPauseMs: 60_000,
  stableMs: 10_000,
  giveUpMs: 12 * 3_600_000,
};

/** The pause before the next attempt: none before the first two, then 1, 2, 4 … s. @param failed attempts so far. */
export function backOffMs(failed: number, timing: LinkTiming): number {
  return failed < 2 ? 0 : Math.min(timing.rejoinPauseMs * 2 ** (failed - 2), timing.maxPauseMs);
}
