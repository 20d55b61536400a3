const WINDOW_MS = 60_000;

/** Lives on the main thread. When a stage's thread died: one that keeps dying is not replaced any more. */
export class ThreadDeaths {
  readonly #tolerated: number;
  /** Times of those within a minute before the last one. */
  #atMs: readonly number[] = [];

  /** @param tolerated so many within a minute are replaced; the next one is not */
  constructor(tolerated: number) {
    this.#tolerated = tolerated;
  }

  /** Whether it has ever died. */
  get any(): boolean {
    return this.#atMs.length > 0;
  }

  /** Notes a death, on any clock that never goes back. Whether the thread may be replaced. */
  note(nowMs: number): boolean {
    this.#atMs = [...this.#atMs.filter((atMs) => nowMs - atMs < WINDOW_MS), nowMs];
    return this.#atMs.length <= this.#tolerated;
  }
}
