/**
 * Milliseconds on the clock that all threads of the process share and that never jumps. `performance.now()` is the same
 * clock but begins with its thread; use it where times stay on one thread, it costs less.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
