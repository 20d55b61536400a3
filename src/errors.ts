/** Expected failures: each has a stable code, says what and why, and names the remedy. */

import { inspect } from "node:util";

/** A failure that people may see. Cross a thread boundary with `toErrorData` and `fromErrorData`. */
export class RecorderError extends Error {
  override readonly name = "RecorderError";
  /** Stable and searchable, such as `E-CONNECT`. */
  readonly code: string;
  /** What the reader can do next, one sentence. */
  readonly remedy: string;

  constructor(code: string, message: string, remedy: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
    this.remedy = remedy;
  }

  /** What, why, what to do next, code: the sentence shown to people. */
  get explanation(): string {
    return `${this.message} ${this.remedy} (${this.code})`;
  }
}

/** The structured-clone form of an error, for thread messages. */
export type ErrorData = {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly detail: string;
};

/** Any thrown value as data; unexpected ones get `E-INTERNAL`. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof RecorderError) {
    return { code: error.code, message: error.message, remedy: error.remedy, detail: messageOf(error.cause) };
  }
  return {
    code: "E-INTERNAL",
    // Whatever an unforeseen error says is for the log, not for people.
    message: "Something unexpected failed.",
    remedy: "Try again; if it happens again, look at the log.",
    detail: error instanceof Error ? (error.stack ?? error.message) : messageOf(error),
  };
}

/** The inverse of `toErrorData`. */
export function fromErrorData(data: ErrorData): RecorderError {
  return new RecorderError(
    data.code,
    data.message,
    data.remedy,
    data.detail === "" ? {} : { cause: data.detail },
  );
}

/** The message of any thrown value; empty for undefined. */
export function messageOf(error: unknown): string {
  if (error === undefined) return "";
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : inspect(error);
}

/** The code of a system error such as `ENOSPC`; empty for anything else. */
export function systemCodeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Whether a failure says that the file or folder is not there. */
export function isMissing(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === "ENOENT" || code === "ENOTDIR";
}
