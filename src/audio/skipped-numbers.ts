/** Sequence numbers of one stream under which no audio is to be expected any more. Pure; bounded. */

/** Runs remembered; bursts of padding and what waited for a key in vain are one run each. */
const MAX_RUNS = 64;

export class SkippedNumbers {
  /** In the order in which they began to be told; ends exclusive. */
  readonly #runs: { from: number; to: number }[] = [];

  /** Remembers a number, told once. The oldest run is forgotten when there are too many. */
  add(sequence: number): void {
    for (let at = this.#runs.length - 1; at >= 0; at--) {
      const run = this.#runs[at];
      if (run === undefined || (run.to !== sequence && run.from !== sequence + 1)) continue;
      if (run.to === sequence) run.to++;
      else run.from--;
      return;
    }
    this.#runs.push({ from: sequence, to: sequence + 1 });
    if (this.#runs.length > MAX_RUNS) this.#runs.shift();
  }

  /** How many numbers after `last` and before `next` were told. */
  countBetween(last: number, next: number): number {
    let count = 0;
    for (const { from, to } of this.#runs)
      count += Math.max(0, Math.min(to, next) - Math.max(from, last + 1));
    return count;
  }

  /** Forgets what lies wholly before a number. */
  forgetBefore(sequence: number): void {
    while ((this.#runs[0]?.to ?? Infinity) <= sequence) this.#runs.shift();
  }
}
