/** `events.ndjson` as a dead process left it: perhaps with half a line at its end. Pure. */
import { recordingEventSchema } from "./events.ts";
import type { RecordingEvent } from "./events.ts";

export type LeftEvents = {
  /** Lines that are whole, as they were written; those of a later version of this program included. */
  readonly lines: readonly string[];
  /** What this version understands of them. */
  readonly events: readonly RecordingEvent[];
};

export function readLeftEvents(text: string): LeftEvents {
  const lines: string[] = [];
  const events: RecordingEvent[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const value = objectOf(line);
    // Half a line, or a page that never reached the disk.
    if (value === undefined) continue;
    lines.push(line);
    const event = recordingEventSchema.safeParse(value);
    if (event.success) events.push(event.data);
  }
  return { lines, events };
}

/** Whose the tracks are that were noted there. */
export function trackOwners(events: readonly RecordingEvent[]): ReadonlyMap<number, string> {
  const owners = new Map<number, string>();
  for (const { track, userId } of events)
    if (track !== undefined && userId !== undefined && !owners.has(track)) owners.set(track, userId);
  return owners;
}

/** The furthest position that anything happened at. */
export function furthestPosition(events: readonly RecordingEvent[]): number {
  return events.reduce((furthest, { position = 0 }) => Math.max(furthest, position), 0);
}

/** The file's text with this event as its last; once, however often it is recovered. */
export function withLastEvent({ lines, events }: LeftEvents, event: RecordingEvent): string {
  const all = events.at(-1)?.kind === event.kind ? lines : [...lines, JSON.stringify(event)];
  return all.map((line) => `${line}\n`).join("");
}

function objectOf(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
