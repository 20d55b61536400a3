import type { DaveOutput } from "../dave/room.ts";

/** Lives in one channel: whether everybody's keys are those of the people present, read off what the group sends. */
export class DaveProgress {
  /** Those who were invited (op 25) and are in no group yet. */
  readonly #waiting = new Set<string>();
  /** Announced (op 29, 30) and not yet executed (op 22). */
  readonly #transitions = new Set<number>();
  #proposed = false;

  get settled(): boolean {
    return this.#waiting.size === 0 && this.#transitions.size === 0 && !this.#proposed;
  }

  note(output: DaveOutput): void {
    if (output.kind === "json") {
      if (output.op === 24) this.#startOver(output.to);
      else if (output.op === 21 && "transition_id" in output.data)
        this.#transitions.add(Number(output.data.transition_id));
      else if (output.op === 22 && "transition_id" in output.data)
        this.#transitions.delete(Number(output.data.transition_id));
    } else if (output.op === 25) this.#waiting.add(output.to);
    // A revoked proposal needs no commit of its own.
    else if (output.op === 27) this.#proposed = output.body.readUInt8(0) === 0;
    else {
      this.#proposed = false;
      this.#waiting.delete(output.to);
      const transition = output.body.readUInt16BE(0);
      if (transition !== 0) this.#transitions.add(transition); // 0 executes at once
    }
  }

  left(userId: string): void {
    this.#waiting.delete(userId);
  }

  #startOver(userId: string): void {
    this.#transitions.clear();
    this.#proposed = false;
    this.#waiting.add(userId);
  }
}
