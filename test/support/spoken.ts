/** When people spoke, by their own clocks. */
import type { SentFrame } from "../simulator/person.ts";

export const FRAME_MS = 20;

/**
 * When the speech of these frames began, in milliseconds since 1970: frame n lies n times 20 ms behind that. A busy machine
 * sends frames late, but none early.
 */
export function spokeAtMs(speech: readonly SentFrame[]): number {
  return Math.min(...speech.map(({ sentAtMs }, frame) => sentAtMs - frame * FRAME_MS));
}

/** How late the latest frame of a speech was sent. */
export function latenessMs(speech: readonly SentFrame[]): number {
  const beganAtMs = spokeAtMs(speech);
  return Math.max(...speech.map(({ sentAtMs }, frame) => sentAtMs - beganAtMs - frame * FRAME_MS));
}

/** The speeches of somebody, by the pauses between them, which are at least this long: a busy machine makes pauses too. */
export function speechesOf(sent: readonly SentFrame[], pauseMs: number): readonly (readonly SentFrame[])[] {
  const speeches: SentFrame[][] = [];
  let previousMs = -Infinity;
  for (const frame of sent) {
    if (frame.sentAtMs - previousMs >= pauseMs) speeches.push([]);
    speeches.at(-1)?.push(frame);
    previousMs = frame.sentAtMs;
  }
  return speeches;
}
