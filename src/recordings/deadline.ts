import { RecorderError } from "../errors.ts";

/**
 * Waits for a promise at most `timeoutMs`; then rejects with `E-TIMEOUT`. What the promise does later is not lost:
 * a late rejection is swallowed here because the time-out has been reported in its place.
 */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new RecorderError(
        "E-TIMEOUT",
        `${what} took longer than ${Math.ceil(timeoutMs / 1000)} s.`,
        "Try again; if it happens again, look at the log and at the machine's load.",
      ),
    );
  }, timeoutMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
