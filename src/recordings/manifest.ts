import { z } from "zod";
import { GAP_REASONS } from "./gap.ts";

/** `recording.json`: everything needed to understand a recording, in its own folder. Replaced atomically. */

const count = z.number().int().nonnegative();

/** Counted since a later version; 0 in manifests from before. */
const laterCount = count.default(0);

/** See `counts.ts`. */
const countsSchema = z.object({
  received: count,
  written: count,
  duplicate: count,
  padding: count,
  late: count,
  expired: count,
  abandoned: laterCount,
  rejected: count,
  forged: laterCount,
  malformed: laterCount,
  undecodable: laterCount,
  ahead: laterCount,
  dropped: count,
  unwritten: laterCount,
  held: count,
  concealedSamples: count,
  droppedSamples: count,
  lostSamples: laterCount,
  unwrittenSamples: laterCount,
});

/** See `gap.ts`. */
const gapSchema = z.object({
  reason: z.enum(GAP_REASONS),
  fromSamples: count,
  toSamples: count,
  missingSamples: count,
});

/** Measured over the whole track, silence gated out (ITU-R BS.1770-4, EBU R 128). */
const loudnessSchema = z.object({
  integratedLufs: z.number(),
  rangeLu: z.number(),
  truePeakDbtp: z.number(),
});

const trackSchema = z.object({
  track: z.number().int().positive(),
  userId: z.string(),
  /** The person's name at the time of the recording. */
  name: z.string(),
  /** Name inside `tracks/`; absent until the writer has closed it. */
  file: z.string().optional(),
  samples: count.optional(),
  writtenSamples: count.optional(),
  sizeBytes: count.optional(),
  peak: count.optional(),
  counts: countsSchema.optional(),
  /** Where what was said is missing. Absent where nothing is known to be, and in recordings of former versions. */
  gaps: z.array(gapSchema).optional(),
  /** Absent until measured, and where there is too little sound to measure. */
  loudness: loudnessSchema.optional(),
  /** What an independent reader found wrong with the finished file. */
  problem: z.string().optional(),
});

/** A span in which nobody could be heard: silence on every track. Spans of different causes may overlap. */
const interruptionSchema = z.object({
  /** The voice connection was lost; we were moved to another channel; an admin deafened us. */
  cause: z.enum(["connection", "moved", "deafened"]),
  /** Where audio could have been received for the last time. */
  fromSamples: count,
  /** Where it could be received again, keys included; absent while it lasts, and where the process died in it. */
  toSamples: count.optional(),
  /** How much of the span it was: less than all of it where several interruptions near to one another are told as one. */
  missingSamples: count.optional(),
  reason: z.string(),
});

/** Somebody spoke and could not be decrypted. */
const unheardSchema = z.object({
  userId: z.string(),
  name: z.string(),
  fromSamples: count,
  /** Absent where it lasted to the end. */
  toSamples: count.optional(),
});

/** We were moved: from here on it is this channel that is recorded. */
const moveSchema = z.object({
  atSamples: count,
  channel: z.object({ id: z.string(), name: z.string() }),
});

/** That the tracks were checked after the recording, and by what. Says nothing of when: a repeat gives the same bytes. */
const checkedSchema = z.object({
  /** `header`: no ffprobe on this machine, so header and size alone were read. */
  reader: z.enum(["ffprobe", "header"]),
  loudness: z.enum(["measured", "no-ffmpeg"]),
});

export const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  /** The states of a recording; see `session-state.ts`. */
  state: z.enum(["connecting", "recording", "reconnecting", "finishing", "finished", "failed"]),
  title: z.string(),
  guild: z.object({ id: z.string(), name: z.string() }),
  /** The one recorded now, or last; see `moves`. */
  channel: z.object({ id: z.string(), name: z.string() }),
  startedBy: z.object({ id: z.string(), name: z.string() }),
  channels: z.union([z.literal(1), z.literal(2)]),
  sampleRate: z.literal(48_000),
  /** Wall clock of position 0; absent until the clock runs. Milliseconds since the Unix epoch. */
  startedAtMs: z.number().int().optional(),
  endedAtMs: z.number().int().optional(),
  /** Length of every track. */
  lengthSamples: count.optional(),
  tracks: z.array(trackSchema),
  /** In order of their beginnings. Absent where there were none, and in recordings of former versions. */
  interruptions: z.array(interruptionSchema).optional(),
  /** Absent where everybody who spoke was heard. */
  unheard: z.array(unheardSchema).optional(),
  /** Where the writer died and another went on: some of what each voice said just before may be missing. */
  writerDeaths: z.array(count).optional(),
  /** Absent where we never were moved. */
  moves: z.array(moveSchema).optional(),
  connection: z.object({ datagrams: count, notMedia: count, unattributed: count }).optional(),
  /** Why it failed, where it did. */
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** Its process died; the next start finished what was on the disk. */
  recovered: z.literal(true).optional(),
  /** The public message in Discord, so that another process can turn it into the past. */
  notice: z.object({ channelId: z.string(), messageId: z.string() }).optional(),
  /** Absent until the job `finish` has been here. */
  checked: checkedSchema.optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestTrack = Manifest["tracks"][number];
export type Interruption = z.infer<typeof interruptionSchema>;
export type Unheard = z.infer<typeof unheardSchema>;
export type Loudness = z.infer<typeof loudnessSchema>;

/** Nobody writes to the recording any more, and nothing will be added to it. */
export function isOver({ state }: Pick<Manifest, "state">): boolean {
  return state === "finished" || state === "failed";
}
