/**
 * Reading data from outside on the threads of audio. Everywhere else a zod schema does it; there zod would take 8 MB of
 * each thread, for a handful of fields.
 */

/** The fields of an object of JSON; none of anything else. */
export function fieldsOf(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === "object" && data !== null ? { ...data } : {};
}

/** Whether it is a whole number from 0 to `most`. */
export function isCount(value: unknown, most: number = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= most;
}
