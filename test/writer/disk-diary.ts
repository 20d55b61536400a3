/** What this thread asks of the disk, in its order, noted below the writer, in `node:fs`; everything is done as asked. */
import * as fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import path from "node:path";

export type DiskEntry = {
  readonly operation: "writeSync" | "ftruncateSync" | "closeSync" | "fdatasync" | "fsync" | "fsyncSync";
  /** Name of the file or folder. */
  readonly file: string;
  /** Of what is forced: whether it is still under way. */
  underWay: boolean;
};

export class DiskDiary implements Disposable {
  readonly entries: DiskEntry[] = [];
  readonly #disk: typeof fs = createRequire(import.meta.url)("node:fs");
  readonly #before: Partial<typeof fs>;

  constructor() {
    const { writeSync, ftruncateSync, closeSync, fdatasync, fsync, fsyncSync } = this.#disk;
    this.#before = { writeSync, ftruncateSync, closeSync, fdatasync, fsync, fsyncSync };
    const noted = <Rest extends unknown[], Result>(
      operation: DiskEntry["operation"],
      action: (fd: number, ...rest: Rest) => Result,
    ): ((fd: number, ...rest: Rest) => Result) => {
      return (fd, ...rest) => {
        this.#note(operation, fd, false);
        return action(fd, ...rest);
      };
    };
    const forced = (operation: "fdatasync" | "fsync", action: typeof fs.fsync) => {
      return (fd: number, done: fs.NoParamCallback): void => {
        const entry = this.#note(operation, fd, true);
        action(fd, (error) => {
          entry.underWay = false;
          done(error);
        });
      };
    };
    Object.assign(this.#disk, {
      writeSync: noted("writeSync", writeSync),
      ftruncateSync: noted("ftruncateSync", ftruncateSync),
      closeSync: noted("closeSync", closeSync),
      fsyncSync: noted("fsyncSync", fsyncSync),
      fdatasync: forced("fdatasync", fdatasync),
      fsync: forced("fsync", fsync),
    });
    syncBuiltinESMExports();
  }

  of(operation: DiskEntry["operation"]): DiskEntry[] {
    return this.entries.filter((entry) => entry.operation === operation);
  }

  [Symbol.dispose](): void {
    Object.assign(this.#disk, this.#before);
    syncBuiltinESMExports();
  }

  #note(operation: DiskEntry["operation"], fd: number, underWay: boolean): DiskEntry {
    const entry = { operation, file: path.basename(fs.readlinkSync(`/proc/self/fd/${fd}`)), underWay };
    this.entries.push(entry);
    return entry;
  }
}
