import type { DAVESession } from "@discordjs/voice";
import type { DaveSession, DaveState } from "./media-lock.ts";

/** What was sealed with a group's keys may be under way this long after the next group stands. */
const UNDER_WAY_MS = 10_000;

/**
 * Lives on the capture thread. When the group cannot be followed (op 31), @discordjs/voice 0.19.2 empties its davey session
 * and starts over in it, while everybody speaks on with the keys of before. Here that session is kept, and the library
 * given a new one.
 */
export class FormerKeys {
  #dave: DAVESession | undefined;
  #externalSender: Buffer | undefined;
  #former: DaveSession | undefined;
  #readySinceMs: number | undefined;
  readonly #onInvalidated = (): void => this.#retire();
  readonly #onKeyPackage = (): void => this.#prepare();

  /** Watches this session of the library; its own handlers are there already. */
  follow(dave: DAVESession): void {
    if (dave === this.#dave) return;
    this.close();
    this.#dave = dave;
    dave.on("invalidateTransition", this.#onInvalidated);
    dave.on("keyPackage", this.#onKeyPackage);
  }

  /** Who may propose changes of the group (op 25): a new session has to be told as well. */
  learnExternalSender(credential: Buffer): void {
    this.#externalSender = Buffer.from(credential);
  }

  /** The state with the keys of before, where there are any. */
  extend(state: DaveState): DaveState {
    return this.#former === undefined
      ? state
      : { protocolVersion: state.protocolVersion, session: state.session, former: this.#former };
  }

  /** Lets go of keys that nothing under way needs. Called about once a second. */
  tick(nowMs: number): void {
    if (this.#dave?.session?.ready !== true) this.#readySinceMs = undefined;
    else this.#readySinceMs ??= nowMs;
    if (this.#readySinceMs !== undefined && nowMs - this.#readySinceMs >= UNDER_WAY_MS)
      this.#former = undefined;
  }

  close(): void {
    this.#dave?.off("invalidateTransition", this.#onInvalidated);
    this.#dave?.off("keyPackage", this.#onKeyPackage);
    this.#dave = undefined;
    this.#former = undefined;
  }

  #retire(): void {
    const dave = this.#dave;
    if (dave?.session?.ready !== true || this.#externalSender === undefined) return;
    this.#former = dave.session;
    this.#readySinceMs = undefined;
    // Without one the library makes another.
    dave.session = undefined;
  }

  #prepare(): void {
    if (this.#former !== undefined && this.#externalSender !== undefined)
      this.#dave?.session?.setExternalSender(this.#externalSender);
  }
}
