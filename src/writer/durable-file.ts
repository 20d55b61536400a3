/** File operations that are true on the disk, not only in the cache. For the writer thread: they block. */
import * as fs from "node:fs";
import path from "node:path";
import { RecorderError } from "../errors.ts";

const NEWLINE = 0x0a;

/** Writes all of `bytes` at `position`; `writeSync` alone may stop short. Throws what the disk says. */
export function writeFully(fd: number, bytes: Uint8Array, byteLength: number, position: number): void {
  let done = 0;
  while (done < byteLength) {
    const written = fs.writeSync(fd, bytes, done, byteLength - done, position + done);
    if (written === 0) throw new RecorderError("E-DISK", "The disk takes nothing.", "Check the disk.");
    done += written;
  }
}

/** Makes a folder's entries (new, renamed files) survive a power cut. */
export function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Opens a file of lines to append to. Half a line, left by a crash or a full disk, is ended first: it must not spoil the next. */
export function openForLines(file: string): number {
  const fd = fs.openSync(file, "a+");
  const { size } = fs.fstatSync(fd);
  const last = Buffer.alloc(1);
  if (size > 0 && fs.readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE) fs.writeSync(fd, "\n");
  return fd;
}

/** Replaces a file as one step: a reader, or a crash, finds the old text or the new one, never a part. */
export function replaceFile(file: string, text: string): void {
  const temporary = `${file}.tmp`;
  const fd = fs.openSync(temporary, "w");
  try {
    fs.writeFileSync(fd, text);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(temporary, file);
  syncDirectory(path.dirname(file));
}
