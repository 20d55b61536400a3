/**
 * Why a person's audio is missing:
 * - `network`: it never arrived. - `key`: it arrived, and the key that opens it never did. - `undecodable`: it was opened,
 * and was not Opus. - `queue`: the writer lagged behind, and the queue was full. - `disk`: the disk refused it.
 */
export const GAP_REASONS = ["network", "key", "undecodable", "queue", "disk"] as const;

export type GapReason = (typeof GAP_REASONS)[number];

/** A span of a track in which something that was said is missing. */
export type Gap = {
  readonly reason: GapReason;
  readonly fromSamples: number;
  readonly toSamples: number;
  /** How much of the span is missing: less than all of it where several gaps near to one another are told as one. */
  readonly missingSamples: number;
};
