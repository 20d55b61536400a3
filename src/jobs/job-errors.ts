import { z } from "zod";
import type { ErrorData } from "../errors.ts";

/** Errors of jobs, as the journals keep them. */

const errorDataSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string(),
  detail: z.string(),
});

/** The error of a job whose process ended in the middle too often. */
export function interrupted(): ErrorData {
  return {
    code: "E-JOB-INTERRUPTED",
    message: "The process ended in the middle of this job, again and again.",
    remedy: "Look at the log of those ends; memory may be too small.",
    detail: "",
  };
}

/** `ErrorData` from its JSON; anything else becomes the detail of an `E-INTERNAL`. */
export function parseErrorData(text: string): ErrorData {
  const parsed = errorDataSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  return {
    code: "E-INTERNAL",
    message: "Something unexpected failed.",
    remedy: "Try again; if it happens again, look at the log.",
    detail: text,
  };
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
