/** File operations that are true on the disk, not only in the cache. For the writer thread: they block. */
import * as fs from "node:fs";
import path from "node:path";
import { RecorderError } from "../errors.ts";

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
