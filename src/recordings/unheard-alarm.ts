import type { LiveManifest } from "./live-manifest.ts";
import type { Names, NoticeBoard } from "./people.ts";
import type { CaptureEvent } from "./stages.ts";
import type { Steps } from "./steps.ts";
import { withUnheard, withUnheardOver, withUnheardStill } from "./unheard.ts";

type HearingEvent = Extract<CaptureEvent, { kind: "unheard" | "heard-again" }>;

/**
 * Lives on the main thread. Tells the people of one recording, and its manifest, that somebody speaks and cannot be
 * decrypted, and that they are heard again; one after the other.
 */
export class UnheardAlarm {
  readonly #manifest: LiveManifest;
  readonly #notices: NoticeBoard;
  readonly #names: Names;
  readonly #steps: Steps;
  readonly #noticeMs: number;
  /** Who left unheard. Capture's alarm lasts until something of theirs opens, and is not raised anew when they are back. */
  readonly #away = new Set<string>();
  #told: Promise<void> = Promise.resolve();

  constructor(options: {
    readonly manifest: LiveManifest;
    readonly notices: NoticeBoard;
    readonly names: Names;
    readonly steps: Steps;
    readonly noticeMs: number;
  }) {
    this.#manifest = options.manifest;
    this.#notices = options.notices;
    this.#names = options.names;
    this.#steps = options.steps;
    this.#noticeMs = options.noticeMs;
  }

  /** Nobody who has left is speaking. */
  left(userId: string, position: number): void {
    const { unheard = [] } = this.#manifest.value;
    if (!unheard.some((one) => one.userId === userId && one.toSamples === undefined)) return;
    this.#away.add(userId);
    this.#manifest.change(withUnheardOver(this.#manifest.value, userId, position));
  }

  joined(userId: string): void {
    if (this.#away.delete(userId)) this.#manifest.change(withUnheardStill(this.#manifest.value, userId));
  }

  /** We are in another channel, and so may be those who left the one before. */
  moved(): void {
    for (const userId of this.#away) this.joined(userId);
  }

  take({ kind, userId, position }: HearingEvent): void {
    this.#away.delete(userId);
    const known = this.#nameOf(userId);
    this.#manifest.change(
      kind === "unheard"
        ? withUnheard(this.#manifest.value, { userId, name: known ?? userId, fromSamples: position })
        : withUnheardOver(this.#manifest.value, userId, position),
    );
    this.#told = this.#told.then(async () => {
      const { guild } = this.#manifest.value;
      const name = this.#nameOf(userId) ?? (await this.#names.nameOf(guild.id, userId));
      this.#rename(userId, name);
      const telling =
        kind === "unheard"
          ? this.#notices.unheard(this.#manifest.value, { userId, name })
          : this.#notices.heardAgain(this.#manifest.value, { userId, name });
      await this.#steps.quietly("Telling who cannot be decrypted", this.#noticeMs, telling);
    });
  }

  #nameOf(userId: string): string | undefined {
    const { tracks, unheard = [] } = this.#manifest.value;
    const name = [...tracks, ...unheard].find((one) => one.userId === userId)?.name;
    return name === userId ? undefined : name;
  }

  #rename(userId: string, name: string): void {
    const { unheard } = this.#manifest.value;
    if (unheard === undefined || unheard.every((one) => one.userId !== userId || one.name === name)) return;
    this.#manifest.change({
      unheard: unheard.map((one) => (one.userId === userId ? { ...one, name } : one)),
    });
  }
}
