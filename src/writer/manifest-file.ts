import * as fs from "node:fs";
import path from "node:path";
import type { Manifest } from "../recordings/manifest.ts";
import { diskError } from "./disk-error.ts";
import { replaceFile } from "./durable-file.ts";
import { ForcedDescriptor } from "./forced-descriptor.ts";

/** Lives on the writer thread. `recording.json` in one recording's folder: a reader, or a crash, finds a whole one. */
export class ManifestFile {
  readonly path: string;
  #last: Promise<void> = Promise.resolve();

  constructor(directory: string) {
    this.path = path.join(directory, "recording.json");
  }

  /** The first one, on the disk when this returns. Throws what the disk says. */
  create(manifest: Manifest): void {
    replaceFile(this.path, textOf(manifest));
  }

  /**
   * Puts this one in the place of the last, once that is on the disk; it is forced beside the loop. Resolves when it is
   * there, rejects with E-DISK.
   */
  replace(manifest: Manifest): Promise<void> {
    const text = textOf(manifest);
    const replaced = this.#last.then(() => this.#replace(text));
    this.#last = replaced.catch(() => undefined);
    return replaced;
  }

  /** Resolves when none is under way. */
  async rest(): Promise<void> {
    await this.#last;
  }

  async #replace(text: string): Promise<void> {
    const temporary = `${this.path}.tmp`;
    try {
      await forced(fs.openSync(temporary, "w"), (fd) => fs.writeFileSync(fd, text));
      fs.renameSync(temporary, this.path);
      await forced(fs.openSync(path.dirname(this.path), "r"));
    } catch (error) {
      throw diskError(error);
    }
  }
}

async function forced(fd: number, fill: (fd: number) => void = () => {}): Promise<void> {
  const file = new ForcedDescriptor(fd);
  try {
    fill(fd);
    await file.force("fsync");
  } finally {
    file.close();
  }
}

function textOf(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
