/** How far the audio of a track reaches that a dead process left: the writer runs ahead of it with silence. */
import * as fs from "node:fs";

const SCAN_BYTES = 1_048_576;
const SILENCE = Buffer.alloc(SCAN_BYTES);

/**
 * Where the last byte that is not zero ends, in bytes from the start of the file; `from` where there is none after it.
 * Reads backwards from `to`: as a rule the five seconds that the file was extended ahead.
 */
export function soundEnd(fd: number, from: number, to: number): number {
  const chunk = Buffer.allocUnsafeSlow(SCAN_BYTES);
  for (let end = to; end > from;) {
    const start = Math.max(from, end - SCAN_BYTES);
    const read = readFully(fd, chunk.subarray(0, end - start), start);
    if (!read.equals(SILENCE.subarray(0, read.length))) {
      let last = read.length - 1;
      while (read[last] === 0) last--;
      return start + last + 1;
    }
    end = start;
  }
  return from;
}

/** As many bytes as there are, at most what `target` holds. */
export function readFully(fd: number, target: Buffer, position: number): Buffer {
  let done = 0;
  while (done < target.length) {
    const read = fs.readSync(fd, target, done, target.length - done, position + done);
    if (read === 0) break;
    done += read;
  }
  return target.subarray(0, done);
}
