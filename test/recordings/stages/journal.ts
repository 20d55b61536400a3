/** The order in which a recording asked things of its surroundings. */
export class Journal {
  readonly lines: string[] = [];

  note(line: string): void {
    this.lines.push(line);
  }

  /** The lines that begin with one of these words, in order. */
  only(...words: readonly string[]): string[] {
    return this.lines.filter((line) => words.some((word) => line.startsWith(word)));
  }

  count(line: string): number {
    return this.lines.filter((one) => one === line).length;
  }
}

/** A door that stays shut until it is opened: makes "while it is still at it" a certainty in tests. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();

  open(): void {
    this.#opened.resolve();
  }

  get passed(): Promise<void> {
    return this.#opened.promise;
  }
}
