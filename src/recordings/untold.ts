import type { Log } from "../log.ts";
import { INTERRUPTED_CODE } from "./recovery-stage.ts";
import type { Manifest } from "./manifest.ts";
import type { Storage } from "./storage.ts";

/** Tells people of one recording; rejects where that must be tried again at the next start. */
export type Teller = (manifest: Manifest) => Promise<void>;

/**
 * Lives on the main thread. Recordings that were recovered and of which nobody has been told: a mark in the folder says so
 * until they have, whichever start it is that reaches Discord.
 */
export class Untold {
  readonly #storage: Storage;
  readonly #log: Log;
  readonly #waiting: Manifest[] = [];
  #teller: Teller | undefined;
  /** One after another, for Discord's limits. */
  #last: Promise<void> = Promise.resolve();

  constructor(storage: Storage, log: Log) {
    this.#storage = storage;
    this.#log = log;
  }

  /** Has people told of it, if they have not been and if it concerns them. */
  async consider(manifest: Manifest): Promise<void> {
    if (manifest.error?.code !== INTERRUPTED_CODE || !(await this.#storage.isUntold(manifest.id))) return;
    if (this.#teller === undefined) this.#waiting.push(manifest);
    else this.#tell(manifest, this.#teller);
  }

  /** What waits is told to this one, and what comes. */
  tellTo(teller: Teller): void {
    this.#teller = teller;
    for (const manifest of this.#waiting.splice(0)) this.#tell(manifest, teller);
  }

  #tell(manifest: Manifest, teller: Teller): void {
    this.#last = this.#last.then(async () => {
      try {
        await teller(manifest);
        await this.#storage.markTold(manifest.id);
      } catch (error) {
        this.#log.warn(
          { err: error },
          "nobody could be told of a recovered recording; the next start tries again",
        );
      }
    });
  }
}
