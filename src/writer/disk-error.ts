/** What the disk's refusals mean for people. */
import { RecorderError, systemCodeOf } from "../errors.ts";

const EXPLANATIONS: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
  ENOSPC: ["The disk is full.", "Free some space; everything written before is kept and playable."],
  EDQUOT: [
    "The disk quota is used up.",
    "Raise the quota or free some space; everything written before is kept.",
  ],
  EROFS: ["The file system is read-only.", "Mount it writable or set DATA_DIR to another place."],
  EACCES: ["The recorder may not write into its folder.", "Give its user the right to write to DATA_DIR."],
  EPERM: ["The recorder may not write into its folder.", "Give its user the right to write to DATA_DIR."],
  ENOENT: ["The recording's folder has disappeared.", "Do not move or delete it while the recording runs."],
  EMFILE: ["Too many files are open.", "Raise the limit of open files (ulimit -n) of the recorder."],
};

/** Any failure of a file operation as `E-DISK`. */
export function diskError(error: unknown): RecorderError {
  if (error instanceof RecorderError) return error;
  const code = systemCodeOf(error);
  const [message, remedy] = EXPLANATIONS[code] ?? [
    code === "" ? "Something failed in writing to the disk." : `The disk refused (${code}).`,
    "Check the disk that holds DATA_DIR.",
  ];
  return new RecorderError("E-DISK", message, remedy, { cause: error });
}

/** Throws what the disk refuses of this as `E-DISK`. */
export function onDisk<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw diskError(error);
  }
}
