import { z } from "zod";

const samples = z.number().int().nonnegative();

/**
 * Why a person's audio is missing:
 * - `network`: it never arrived. - `key`: it arrived, and the key that opens it never did. - `undecodable`: it was opened,
 * and was not Opus. - `queue`: the writer lagged behind, and the queue was full. - `disk`: the disk refused it.
 */
export const GAP_REASONS = ["network", "key", "undecodable", "queue", "disk"] as const;

export type GapReason = (typeof GAP_REASONS)[number];

/** A span of a track in which something that was said is missing. */
export const gapSchema = z.object({
  reason: z.enum(GAP_REASONS),
  fromSamples: samples,
  toSamples: samples,
  /** How much of the span is missing: less than all of it where several gaps near to one another are told as one. */
  missingSamples: samples,
});

export type Gap = z.infer<typeof gapSchema>;
