/**
 * Which part of a track came from frames, to count each sample once even when frames overlap or come late.
 * It remembers the newest 256 gaps, so its memory is bounded; a late frame that fills an older gap is written all the
 * same but not counted (frames come late by less than a second, 256 gaps are minutes).
 */
const MAX_GAPS = 256;

/** Lives on the writer thread, one per track. Positions in samples, ends exclusive. */
export class Coverage {
  /** Gaps before `#end`, oldest first. */
  #gaps: { start: number; end: number }[] = [];
  #end = 0;
  #covered = 0;

  /** Samples that came from frames. */
  get coveredSamples(): number {
    return this.#covered;
  }

  /** Marks `[start, end)` as written. */
  add(start: number, end: number): void {
    if (start > this.#end) {
      this.#gaps.push({ start: this.#end, end: start });
      if (this.#gaps.length > MAX_GAPS) this.#gaps.shift();
    }
    if (start < this.#end) this.#fillGaps(start, end);
    if (end > this.#end) {
      this.#covered += end - Math.max(start, this.#end);
      this.#end = end;
    }
  }

  /** Forgets everything from `length` on: the track ends there. */
  cut(length: number): void {
    if (length >= this.#end) return;
    this.#covered -= this.#end - length;
    for (const gap of this.#gaps) this.#covered += Math.max(0, gap.end - Math.max(gap.start, length));
    this.#gaps = this.#gaps
      .filter((gap) => gap.start < length)
      .map((gap) => ({ start: gap.start, end: Math.min(gap.end, length) }));
    this.#end = length;
  }

  #fillGaps(start: number, end: number): void {
    const left: { start: number; end: number }[] = [];
    for (const gap of this.#gaps) {
      const from = Math.max(gap.start, start);
      const to = Math.min(gap.end, end);
      if (from >= to) {
        left.push(gap);
        continue;
      }
      this.#covered += to - from;
      if (gap.start < from) left.push({ start: gap.start, end: from });
      if (to < gap.end) left.push({ start: to, end: gap.end });
    }
    this.#gaps = left;
  }
}
