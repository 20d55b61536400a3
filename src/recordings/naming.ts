import type { Names } from "./people.ts";
import type { Steps } from "./steps.ts";

/** Lives on the main thread. Asks for the names of the people who have a track, and knows which answers are still out. */
export class Naming {
  readonly #names: Names;
  readonly #guildId: string;
  readonly #timeoutMs: number;
  readonly #steps: Steps;
  readonly #onName: (track: number, userId: string, name: string) => void;
  readonly #asked = new Set<Promise<void>>();

  constructor(options: {
    readonly names: Names;
    readonly guildId: string;
    readonly timeoutMs: number;
    readonly steps: Steps;
    readonly onName: (track: number, userId: string, name: string) => void;
  }) {
    this.#names = options.names;
    this.#guildId = options.guildId;
    this.#timeoutMs = options.timeoutMs;
    this.#steps = options.steps;
    this.#onName = options.onName;
  }

  /** Resolves when every name asked for has come or will not come. */
  get settled(): Promise<unknown> {
    return Promise.all(this.#asked);
  }

  /** `onName` hears the answer, if there is one. */
  ask(track: number, userId: string): void {
    const answer = this.#ask(track, userId).finally(() => this.#asked.delete(answer));
    this.#asked.add(answer);
  }

  async #ask(track: number, userId: string): Promise<void> {
    const asked = this.#names.nameOf(this.#guildId, userId);
    const name = await this.#steps.attempt("Asking for a name", this.#timeoutMs, asked);
    if (name.ok) this.#onName(track, userId, name.value);
  }
}
