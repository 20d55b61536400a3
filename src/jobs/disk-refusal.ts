import { messageOf, RecorderError, systemCodeOf } from "../errors.ts";

/** What a disk says when it takes no more. */
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const REFUSED = new Set(["EROFS", "EACCES", "EPERM", "EIO"]);

/** A failed write as `E-DISK` where the disk is to blame; anything else as it came. */
export function diskRefusal(what: string, error: unknown): unknown {
  const code = systemCodeOf(error);
  if (FULL.has(code))
    return new RecorderError(
      "E-DISK",
      `${what} could not be written: the disk is full.`,
      "Free some space on the disk of DATA_DIR; it is tried again. Everything recorded is kept.",
      { cause: error },
    );
  if (REFUSED.has(code))
    return new RecorderError(
      "E-DISK",
      `${what} could not be written: ${messageOf(error)}.`,
      "Check the disk of DATA_DIR and the right to write there; it is tried again. Everything recorded is kept.",
      { cause: error },
    );
  return error;
}
