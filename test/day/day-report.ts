/** What the process that records a day tells of it. */
import type { Recorded } from "../accuracy/recorded.ts";
import type { Deeds } from "./talking-day.ts";

/** In the day's folder, when all is done. */
export const REPORT_FILE = "report.json";

/** Readings in a row: from the tenth minute on, and at the end of every hour. */
export const READINGS_IN_A_ROW = 5;
const FIRST_MINUTE = 10;

/** What the process holds at the end of a minute. */
export type Reading = {
  readonly minute: number;
  readonly rssBytes: number;
  readonly fileDescriptors: number;
};

export type DayReport = Recorded & {
  readonly deeds: readonly Deeds[];
  readonly readings: readonly Reading[];
  readonly wallMs: number;
};

export function isReadAt(minute: number): boolean {
  const inFirst = minute >= FIRST_MINUTE && minute < FIRST_MINUTE + READINGS_IN_A_ROW;
  return (
    inFirst || (minute >= 60 - READINGS_IN_A_ROW && (minute + READINGS_IN_A_ROW - 1) % 60 < READINGS_IN_A_ROW)
  );
}
