import { writeSync } from "node:fs";
import pino from "pino";
import type { DestinationStream, Logger } from "pino";

/** Structured log lines on standard output: static text plus fields, secrets redacted. */
export type Log = Logger;

const STANDARD_OUTPUT = 1;
/** pino's number for it. */
const WARN = 40;

/** A logger for this thread; `stage` says who speaks. Writes synchronously: never on the way of a packet. Never throws. */
export function createLog(level: string, stage: string): Log {
  return pino(
    {
      level,
      base: { stage },
      redact: ["token", "secret", "*.token", "*.secret", "authorization", "*.authorization"],
    },
    standardOutput(stage),
  );
}

/**
 * What cannot be written, or only by waiting, is dropped, and how many lines that were is said before the next one that can: a
 * terminal that was closed, or a log file on a full disk, is no reason to end a recording. (pino's own stream ends the thread
 * with any error but EPIPE.)
 */
function standardOutput(stage: string): DestinationStream {
  let dropped = 0;
  let torn = false;
  function write(line: string): void {
    const bytes = Buffer.from(torn ? `\n${line}` : line);
    let at = 0;
    try {
      while (at < bytes.length) at += writeSync(STANDARD_OUTPUT, bytes, at);
      torn = false;
    } catch (error) {
      torn ||= at > 0;
      throw error;
    }
  }
  return {
    write(line: string): void {
      try {
        if (dropped > 0) write(droppedLine(stage, dropped));
        dropped = 0;
        write(line);
      } catch {
        // Nowhere to say it now.
        dropped++;
      }
    },
  };
}

function droppedLine(stage: string, lines: number): string {
  const fields = { level: WARN, time: Date.now(), stage, lines, msg: "log lines could not be written" };
  return `${JSON.stringify(fields)}\n`;
}
