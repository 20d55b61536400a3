/** A file says when a fault is on; another beside it says that it happened. For the modules loaded before a program. */
import { appendFileSync, existsSync } from "node:fs";

const breath = new Int32Array(new SharedArrayBuffer(4));

export class Fault {
  readonly #trigger: string;

  /** @param trigger the fault is on while this file exists */
  constructor(trigger: string) {
    this.#trigger = trigger;
  }

  get isOn(): boolean {
    return existsSync(this.#trigger);
  }

  /** Blocks this thread while the fault is on. */
  waitUntilOver(): void {
    while (this.isOn) Atomics.wait(breath, 0, 0, 5);
  }

  /** For the report: what was held up, and for how long. */
  happened(milliseconds: number): void {
    appendFileSync(`${this.#trigger}.seen`, `${Math.round(milliseconds)}\n`);
  }
}

/** Blocks this thread, as a long computation would. */
export function block(milliseconds: number): void {
  Atomics.wait(breath, 0, 0, milliseconds);
}
