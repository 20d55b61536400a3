/** A disk that fails once to take what was written, as a kernel tells it: to one forcing, and the next one succeeds. */
import type * as fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";

export class FailingForce implements Disposable {
  /** Forcings of files so far; the first one fails, and is the last to say so. */
  calls = 0;
  readonly #disk: typeof fs = createRequire(import.meta.url)("node:fs");
  readonly #fdatasync: typeof fs.fdatasync;

  constructor() {
    const { fdatasync } = this.#disk;
    this.#fdatasync = fdatasync;
    const failingOnce = (fd: number, done: fs.NoParamCallback): void => {
      this.calls++;
      if (this.calls > 1) return fdatasync(fd, done);
      const refusal = Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" });
      setTimeout(() => done(refusal), 50);
    };
    Object.assign(this.#disk, { fdatasync: failingOnce });
    syncBuiltinESMExports();
  }

  [Symbol.dispose](): void {
    Object.assign(this.#disk, { fdatasync: this.#fdatasync });
    syncBuiltinESMExports();
  }
}
