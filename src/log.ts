import pino from "pino";
import type { Logger } from "pino";
import { StandardOutput } from "./standard-output.ts";

/** Structured log lines on standard output: static text plus fields, secrets redacted. */
export type Log = Logger;

/** pino's number for it. */
const WARN = 40;

/** Of this thread. */
const output = new StandardOutput((lines) => {
  const fields = {
    level: WARN,
    time: Date.now(),
    stage: "log",
    lines,
    msg: "log lines could not be written",
  };
  return `${JSON.stringify(fields)}\n`;
});

/** A logger for this thread; `stage` says who speaks. Never throws, never waits; still not for the way of a packet. */
export function createLog(level: string, stage: string): Log {
  return pino(
    {
      level,
      base: { stage },
      redact: ["token", "secret", "*.token", "*.secret", "authorization", "*.authorization"],
    },
    output,
  );
}
