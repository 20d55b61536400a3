/** What the runners have in common in numbers. */

export const DEFAULT_ATTEMPTS = 5;

/** The pause after the first failure; with 5 attempts a disk may be full for 7 minutes. */
export const DEFAULT_BACK_OFF_MS = 5_000;

const FACTOR = 4;
const LONGEST_MS = 3_600_000;

/**
 * How often a job may be begun anew because its process ended in the middle. It may be the job that ends it (memory), and
 * it must not do so for ever.
 */
export const MAX_INTERRUPTIONS = 5;

/** How many ended jobs a runner remembers; Redis keeps as many done and as many failed. */
export const HISTORY_JOBS = 1_000;

/** How often a running job's progress is noted, and a cancellation by another process seen. */
export const TICK_MS = 500;

/** How long after their signal running jobs may take to end, before they are left to their fate. */
export const SIGNAL_GRACE_MS = 3_000;

/**
 * The pause before the next try: four times as long after each failure, at most an hour. The upper half of it is random,
 * so that jobs that failed together do not come back together.
 */
export function pauseMs(failures: number, firstMs: number, random: () => number = Math.random): number {
  const full = Math.min(firstMs * FACTOR ** (failures - 1), LONGEST_MS);
  return Math.round(full * (0.5 + random() * 0.5));
}
