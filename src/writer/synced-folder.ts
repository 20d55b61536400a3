import * as fs from "node:fs";
import { ForcedDescriptor } from "./forced-descriptor.ts";

/** Lives on the writer thread. A folder whose entries (new, renamed files) survive a power cut once it is forced. */
export class SyncedFolder {
  readonly #folder: ForcedDescriptor;
  #dirty = false;

  /** Throws what the disk says. @param directory must be there */
  constructor(directory: string) {
    this.#folder = new ForcedDescriptor(fs.openSync(directory, "r"));
  }

  /** An entry is new or has another name. However many there are, they are forced as one. */
  changed(): void {
    this.#dirty = true;
  }

  /** At once where anything changed: a file that cannot be found is lost whole. */
  get syncDueAtMs(): number {
    return this.#dirty ? -Infinity : Infinity;
  }

  /** Resolves when every change so far is on the disk; rejects with what the disk says. */
  async sync(): Promise<void> {
    this.#dirty = false;
    await this.#folder.force("fsync");
  }

  /** Idempotent. */
  close(): void {
    this.#folder.close();
  }
}
