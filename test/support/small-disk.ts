/** A real file system of a few megabytes that can be filled: needs root, as in containers. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemCodeOf } from "../../src/errors.ts";

export class SmallDisk implements Disposable {
  readonly directory: string;
  readonly #ballast: string;

  private constructor(directory: string) {
    this.directory = directory;
    this.#ballast = join(directory, "ballast");
  }

  /** Undefined where nothing may be mounted. */
  static mount(megabytes: number): SmallDisk | undefined {
    const directory = mkdtempSync(join(tmpdir(), "small-disk-"));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", directory]);
    if (mounted.status === 0) return new SmallDisk(directory);
    rmdirSync(directory);
    return undefined;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Fills it until so many bytes are free. */
  leave(freeBytes: number): void {
    this.empty();
    try {
      writeFileSync(this.#ballast, Buffer.alloc(Math.max(0, this.freeBytes - freeBytes)));
    } catch (error) {
      // Somebody else wrote meanwhile: full is what was wanted.
      if (systemCodeOf(error) !== "ENOSPC" || freeBytes > 0) throw error;
    }
  }

  /** Takes the ballast away. */
  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  [Symbol.dispose](): void {
    // Lazily: a process that has just been ended may still be in there.
    spawnSync("umount", ["--lazy", this.directory]);
    rmdirSync(this.directory);
  }
}
