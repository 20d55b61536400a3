/** Orders to a process with `faulty-thread.ts` in it. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "./wait.ts";

const HOOK = fileURLToPath(new URL("./faulty-thread.ts", import.meta.url));

export type FaultyThread = "main" | "capture" | "writer" | "recovery";
export type Fault = "throw" | "reject" | "exit" | "memory" | "stall";

/** The place where one process looks for orders. */
export class ThreadFault implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "thread-fault-"));
  readonly #file = join(this.#folder, "order");

  /** What the process must be started with. */
  get options(): { readonly nodeOptions: readonly string[]; readonly environment: Record<string, string> } {
    return { nodeOptions: ["--import", HOOK], environment: { FAULTY_THREAD: this.#file } };
  }

  /** The next thread of this name that gets to it does this. */
  order(thread: FaultyThread, fault: Fault): void {
    writeFileSync(this.#file, `${thread} ${fault}`);
  }

  /** Resolves when a thread has taken the order. */
  async taken(): Promise<void> {
    await eventually("the thread takes its fault", () => !existsSync(this.#file));
  }

  /** Resolves when a thread stands still as it was told. */
  async stalled(): Promise<void> {
    await eventually("the thread stands still", () => existsSync(`${this.#file}.stalled`));
  }

  /** Ends a stall. */
  withdraw(): void {
    for (const file of [this.#file, `${this.#file}.stalled`]) rmSync(file, { force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
