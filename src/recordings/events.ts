import { z } from "zod";

/** One line of `events.ndjson`: what happened during a recording and where. Positions in samples. */
export const recordingEventSchema = z.object({
  /** Milliseconds since the Unix epoch. */
  atMs: z.number().int(),
  /** Sample position on the recording's clock, where one is known. */
  position: z.number().int().nonnegative().optional(),
  kind: z.enum([
    "started",
    "resumed",
    "connected",
    "interrupted",
    "moved",
    "deafened",
    "undeafened",
    "writer-replaced",
    "warning",
    "track",
    // Something of a track is missing; told when it begins, so that it may turn out longer.
    "gap",
    "unheard",
    "heard-again",
    "joined",
    "left",
    "fault",
    "stopped",
    // The process died; `atMs` is the end of what was on the disk, so that a repeat gives the same bytes.
    "recovered",
  ]),
  /** Where to, of a move. */
  channelId: z.string().optional(),
  userId: z.string().optional(),
  track: z.number().int().positive().optional(),
  text: z.string().optional(),
});

export type RecordingEvent = z.infer<typeof recordingEventSchema>;
