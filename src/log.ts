import pino from "pino";
import type { Logger } from "pino";

/** Structured log lines on standard output: static text plus fields, secrets redacted. */
export type Log = Logger;

/** A logger for this thread; `stage` says who speaks. Writes synchronously: never on the way of a packet. */
export function createLog(level: string, stage: string): Log {
  return pino({
    level,
    base: { stage },
    redact: ["token", "secret", "*.token", "*.secret", "authorization", "*.authorization"],
  });
}
