/**
 * Whether a person's speech can be opened. Lives on the capture thread; is told the time, and of each packet of speech,
 * silence frames aside.
 */

/** Long enough for any change of keys, short enough that little of an interview is gone. */
const UNHEARD_MS = 10_000;
/** Three seconds of speech among them: a few stray packets alarm nobody. */
const UNHEARD_PACKETS = 150;
/** Who has not spoken for this long is not speaking. */
const SPEAKING_MS = 2_000;

export type HearingChange = "unheard" | "heard-again";

export class Hearing {
  #failures = 0;
  #failingSinceMs = 0;
  #failedAtMs = 0;
  #alarmed = false;

  /** Since when nothing of theirs has opened, while something failed; meaningful after "unheard". */
  get failingSinceMs(): number {
    return this.#failingSinceMs;
  }

  /** Goes on for one that had raised the alarm: it lasts until something opens. */
  goOnUnheard(): void {
    this.#alarmed = true;
    this.#failures = 1;
  }

  opened(): void {
    this.#failures = 0;
  }

  failed(nowMs: number): void {
    if (this.#failures === 0) this.#failingSinceMs = nowMs;
    this.#failures++;
    this.#failedAtMs = nowMs;
  }

  /** What has changed since it was last asked: they speak and nothing opens for ten seconds, or something did after that. */
  change(nowMs: number): HearingChange | undefined {
    if (this.#alarmed) {
      if (this.#failures > 0) return undefined;
      this.#alarmed = false;
      return "heard-again";
    }
    if (this.#failures < UNHEARD_PACKETS || nowMs - this.#failingSinceMs < UNHEARD_MS) return undefined;
    if (nowMs - this.#failedAtMs > SPEAKING_MS) return undefined;
    this.#alarmed = true;
    return "unheard";
  }
}
