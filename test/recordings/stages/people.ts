import type { Manifest } from "../../../src/recordings/manifest.ts";
import type { Names, NoticeBoard, PostedNotice, UnheardPerson } from "../../../src/recordings/people.ts";
import type { EndCause } from "../../../src/recordings/session-state.ts";
import type { Gate, Journal } from "./journal.ts";

/** A notice board that everybody would see if there were anybody. */
export class PlainNotices implements NoticeBoard {
  readonly #journal: Journal;
  readonly states: string[] = [];
  readonly alerts: string[] = [];
  refusal: Error | undefined;
  clearGate: Gate | undefined;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Where the message stands, if one was posted. */
  posts: PostedNotice | undefined;

  async show(_manifest: Manifest, onPosted?: (notice: PostedNotice) => void): Promise<void> {
    this.#journal.note("notices.show");
    if (this.posts !== undefined) onPosted?.(this.posts);
    if (this.refusal !== undefined) throw this.refusal;
  }

  /** Channels to which it was moved, in order. */
  readonly moves: string[] = [];

  async move(manifest: Manifest): Promise<void> {
    this.moves.push(manifest.channel.id);
    if (this.refusal !== undefined) throw this.refusal;
  }

  async update(manifest: Manifest): Promise<void> {
    this.states.push(manifest.state);
  }

  async alert(_manifest: Manifest, text: string): Promise<void> {
    this.alerts.push(text);
  }

  async unheard(_manifest: Manifest, { name }: UnheardPerson): Promise<void> {
    this.#journal.note(`notices.unheard ${name}`);
  }

  async heardAgain(_manifest: Manifest, { name }: UnheardPerson): Promise<void> {
    this.#journal.note(`notices.heardAgain ${name}`);
  }

  /** Why the recordings ended, in order. */
  readonly ends: (EndCause["kind"] | undefined)[] = [];

  async clear(manifest: Manifest, ended: EndCause["kind"] | undefined): Promise<void> {
    this.ends.push(ended);
    this.#journal.note(`notices.clear ${manifest.state}`);
    await this.clearGate?.passed;
  }
}

/** Knows everybody: user 1001 is "user-1001". */
export const knownNames: Names = {
  nameOf: async (_guildId, userId) => `user-${userId}`,
  channelNameOf: (channelId) => `channel-${channelId}`,
};
