/**
 * Where every received packet went, per track. The promise of the project is that these balance:
 * `received = written + duplicate + padding + late + expired + rejected + dropped + unwritten + held`, where `held` is zero once a
 * recording has ended. Counted in packets; `concealedSamples` and `droppedSamples` in samples.
 */
export type TrackCounts = {
  /** Media datagrams of this track that reached the socket. */
  readonly received: number;
  /** Decoded and given to the writer, Discord's silence frames included; at the end, what the disk refused is taken off. */
  readonly written: number;
  /** Same sequence number seen again. */
  readonly duplicate: number;
  /** Padding only: nothing to hear. */
  readonly padding: number;
  /** Arrived when its place was taken, unknown, or before the recording's start; not written. */
  readonly late: number;
  /** Given up while it waited: for a key that never came, or in a capture thread that died. */
  readonly expired: number;
  /** Of the expired: waited in a capture thread that died. */
  readonly abandoned: number;
  /** Not what an honest sender's packet is; the next four say why. */
  readonly rejected: number;
  /** Of the rejected: failed the transport's authentication, so damaged on the way or forged. */
  readonly forged: number;
  /** Of the rejected: authentic, but its RTP extension or padding does not fit. */
  readonly malformed: number;
  /** Of the rejected: opened, but not Opus. */
  readonly undecodable: number;
  /** Of the rejected: belongs further into the future than any honest sender's. */
  readonly ahead: number;
  /** Refused by a full queue. */
  readonly dropped: number;
  /** Given to the writer, and refused by the disk; known at the end. */
  readonly unwritten: number;
  /** Still waiting: for a key, for a mapping, or in the reorder window. */
  readonly held: number;
  /** Samples made up by FEC or PLC in place of lost packets; taken back when the packet comes late after all. */
  readonly concealedSamples: number;
  /** Samples that became silence because the queue was full. */
  readonly droppedSamples: number;
  /** Samples that the network lost and nothing made up: silence. */
  readonly lostSamples: number;
  /** Samples that the disk refused. */
  readonly unwrittenSamples: number;
};

/** What counts cannot be laid to a track: who sent them is unknown. */
export type ConnectionCounts = {
  /** All datagrams the voice sockets delivered. */
  readonly datagrams: number;
  /** Too short, not RTP, RTCP, keep-alives: never media. */
  readonly notMedia: number;
  /** Media whose sender never became known, or that failed transport authentication before one was. */
  readonly unattributed: number;
};

/** Nothing counted yet. */
export const NO_PACKETS: TrackCounts = {
  received: 0,
  written: 0,
  duplicate: 0,
  padding: 0,
  late: 0,
  expired: 0,
  abandoned: 0,
  rejected: 0,
  forged: 0,
  malformed: 0,
  undecodable: 0,
  ahead: 0,
  dropped: 0,
  unwritten: 0,
  held: 0,
  concealedSamples: 0,
  droppedSamples: 0,
  lostSamples: 0,
  unwrittenSamples: 0,
};

/** The outcomes a packet of a track can have; `received` is their sum. */
export const OUTCOMES = [
  "written",
  "duplicate",
  "padding",
  "late",
  "expired",
  "rejected",
  "dropped",
  "unwritten",
  "held",
] as const;

/** Whether every received packet of the track has exactly one outcome. */
export function balances(counts: TrackCounts): boolean {
  return counts.received === OUTCOMES.reduce((sum, outcome) => sum + counts[outcome], 0);
}
