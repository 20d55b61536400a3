const MAX_TRANSITION_ID = 0xffff;
/** How long the voice server waits for stragglers before it switches everybody over. */
const PATIENCE_MS = 2_000;

type Transition = {
  readonly participants: Set<string>;
  readonly waiting: Set<string>;
  /** Set at the first tick: the room has no clock of its own. */
  executeAtMs: number | undefined;
};

/** A transition everybody is ready for, and who must hear so. */
export type DueTransition = { readonly id: number; readonly participants: readonly string[] };

/** Lives in one room. Knows who has yet to confirm (op 23) which transition to a new epoch. */
export class Transitions {
  readonly #open = new Map<number, Transition>();
  #lastId = 0;

  /** Opens a transition; its id is never 0, which stands for a new group. */
  open(participants: readonly string[]): number {
    this.#lastId = (this.#lastId % MAX_TRANSITION_ID) + 1;
    const everybody = new Set(participants);
    this.#open.set(this.#lastId, {
      participants: everybody,
      waiting: new Set(everybody),
      executeAtMs: undefined,
    });
    return this.#lastId;
  }

  confirm(id: number, userId: string): DueTransition[] {
    this.#open.get(id)?.waiting.delete(userId);
    return this.#take((transition) => transition.waiting.size === 0);
  }

  /** Waits no longer for somebody who left or lost the group. */
  forget(userId: string): DueTransition[] {
    for (const { participants, waiting } of this.#open.values()) {
      participants.delete(userId);
      waiting.delete(userId);
    }
    return this.#take((transition) => transition.waiting.size === 0);
  }

  tick(nowMs: number): DueTransition[] {
    for (const transition of this.#open.values()) transition.executeAtMs ??= nowMs + PATIENCE_MS;
    return this.#take(({ executeAtMs }) => executeAtMs !== undefined && nowMs >= executeAtMs);
  }

  clear(): void {
    this.#open.clear();
  }

  #take(isDue: (transition: Transition) => boolean): DueTransition[] {
    const due: DueTransition[] = [];
    for (const [id, transition] of this.#open) {
      if (!isDue(transition)) continue;
      this.#open.delete(id);
      due.push({ id, participants: [...transition.participants] });
    }
    return due;
  }
}
