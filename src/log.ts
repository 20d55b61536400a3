import pino from "pino";
import type { Logger } from "pino";

/** Structured log lines on standard error's sibling, standard output; static text plus fields, secrets redacted. */
export type Log = Logger;

/** A logger for this thread; `name` says which stage speaks. Writes synchronously off the hot path only. */
export function createLog(level: string, name: string): Log {
  return pino({
    level,
    name,
    base: { stage: name },
    redact: ["token", "secret", "*.token", "*.secret", "authorization", "*.authorization"],
  });
}
