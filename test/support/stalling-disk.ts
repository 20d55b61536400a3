/** A bot's disk that can be made to stall: see `writer/faulty-disk.ts`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FAULTY_DISK = fileURLToPath(new URL("../writer/faulty-disk.ts", import.meta.url));

export class StallingDisk implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "recorder-stall-"));
  readonly #trigger = join(this.#folder, "trigger");
  /** Options for Node before the bot's script. */
  readonly nodeOptions = ["--import", FAULTY_DISK];
  /** Variables for the bot. */
  readonly environment = { FAULTY_DISK: this.#trigger };

  /** From now on every operation of the bot's writer blocks. */
  stall(): void {
    writeFileSync(this.#trigger, "stall");
  }

  /** What is blocked goes on, within 5 ms. */
  goOn(): void {
    rmSync(this.#trigger, { force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
