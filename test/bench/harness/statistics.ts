/** What is said of several runs. Pure. */

/** The middle run, and the least and the largest: the spread is shown, not hidden. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number };

/** The smallest value that so large a share does not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Of an even number of runs the lower one of the two in the middle. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: quantile(values, 0.5), least: quantile(values, 0), most: quantile(values, 1) };
}

/** By how much values grow per unit of time: least squares. NaN of fewer than two. */
export function slopeOf(points: readonly { readonly at: number; readonly value: number }[]): number {
  const mean = (pick: (point: { readonly at: number; readonly value: number }) => number): number =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const atMean = mean(({ at }) => at);
  const valueMean = mean(({ value }) => value);
  const covariance = mean(({ at, value }) => (at - atMean) * (value - valueMean));
  return covariance / mean(({ at }) => (at - atMean) ** 2);
}

/** Each value over its fellow of the same round. */
export function ratiosOf(values: readonly number[], fellows: readonly number[]): number[] {
  return values.map((value, round) => value / (fellows[round] ?? Number.NaN));
}
