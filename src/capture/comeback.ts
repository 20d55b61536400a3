import { backOffMs } from "./link-timing.ts";
import type { LinkTiming } from "./link-timing.ts";

/** What coming back does to the connection. */
export type Door = {
  /** Says goodbye to the channel. */
  readonly leave: () => void;
  /** Asks to be let in. */
  readonly join: () => void;
  /** It has been tried for long enough. */
  readonly giveUp: () => void;
};

/**
 * Lives on the capture thread. The attempts of one voice connection to come back, and the one timer of whatever it waits
 * for. There is no limit to the attempts but time: pauses grow, and a connection that stood for a while starts them over.
 */
export class Comeback {
  readonly #timing: LinkTiming;
  readonly #door: Door;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;
  #lostAtMs = performance.now();
  #stoodSinceMs: number | undefined;
  #away = false;

  constructor(timing: LinkTiming, door: Door) {
    this.#timing = timing;
    this.#door = door;
  }

  /** We have left in order to join again: what the server says about our leaving means nothing. */
  get away(): boolean {
    return this.#away;
  }

  /** Waits; what was waited for before is forgotten. */
  arm(delayMs: number, act: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, delayMs);
  }

  disarm(): void {
    clearTimeout(this.#timer);
  }

  /** The connection stands. */
  stands(): void {
    this.disarm();
    this.#stoodSinceMs ??= performance.now();
  }

  /** The connection has gone. Once for each time. */
  fell(): void {
    const nowMs = performance.now();
    if (this.#stoodSinceMs !== undefined) {
      this.#lostAtMs = nowMs;
      if (nowMs - this.#stoodSinceMs >= this.#timing.stableMs) this.#attempts = 0;
    }
    this.#stoodSinceMs = undefined;
  }

  /** The next attempt, after a pause that grows. @param closed the server has ended the session: it answers a join as it is. */
  retry(closed: boolean): void {
    const first = this.#attempts === 0 && closed;
    this.arm(backOffMs(this.#attempts, this.#timing), () => (first ? this.#join() : this.leaveAndJoin()));
  }

  /** Discord answers a join only when it changes something: so leave before. */
  leaveAndJoin(): void {
    this.#away = true;
    this.#door.leave();
    this.arm(this.#timing.rejoinPauseMs, () => this.#join());
  }

  /** The main gateway did not take a payload. Nothing tells when it will: ask again before long, at no attempt's cost. */
  refused(): void {
    this.#attempts = Math.max(0, this.#attempts - 1);
    this.arm(this.#timing.refusedPauseMs, () => this.#join());
  }

  #join(): void {
    if (performance.now() - this.#lostAtMs > this.#timing.giveUpMs) return this.#door.giveUp();
    this.#away = false;
    this.#attempts++;
    this.#door.join();
    this.arm(this.#timing.answerMs, () => this.retry(false));
  }
}
