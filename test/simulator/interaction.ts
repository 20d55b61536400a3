import { randomBytes } from "node:crypto";
import { MessageFlags } from "discord-api-types/v10";
import { snowflake } from "./snowflake.ts";
import { readableText } from "./readable-text.ts";
import type { Message } from "./world.ts";

/**
 * - pending: sent to the bot, no answer yet
 * - deferred: acknowledged; "thinking…" is shown
 * - answered: its first content is there
 * - failed: three seconds passed without an answer
 */
export type InteractionState = "pending" | "deferred" | "answered" | "failed";

/** Discord's rule for the first answer. */
export const ANSWER_LIMIT_MS = 3000;
/** How long an interaction's token can be used. */
const TOKEN_LIFETIME_MS = 15 * 60_000;
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * Lives on the simulator's thread: one interaction and what the bot made of it, as the person sees it.
 * Tests hold it as the reply of a command.
 */
export class Interaction {
  readonly id = snowflake();
  readonly token: string = randomBytes(48).toString("base64url");
  readonly channelId: string;
  /** The message whose component was used, for those interactions. */
  readonly source: Message | undefined;
  readonly kind: 2 | 3;
  state: InteractionState = "pending";
  /** Only the person sees the answer. */
  ephemeral = false;
  /** The answer as it is now; undefined before there is one, and after the bot deleted it. */
  message: Message | undefined;
  readonly followUps: Message[] = [];
  /** What the answer said, state by state; the last is the present one. */
  readonly edits: string[] = [];
  /** Milliseconds from the command to the first answer. */
  answeredAfterMs: number | undefined;
  #createdAt = Date.now();
  readonly #watchers = new Set<() => void>();

  constructor(channelId: string, kind: 2 | 3, source?: Message) {
    this.channelId = channelId;
    this.kind = kind;
    this.source = source;
  }

  /** All the text of the answer as a person reads it: content, embeds, text components, button labels and links. */
  get content(): string {
    return this.message === undefined ? "" : readableText(this.message);
  }

  get tokenValid(): boolean {
    return Date.now() - this.#createdAt < TOKEN_LIFETIME_MS;
  }

  /** Makes the token as old as tokens get: every later edit is refused. */
  expireToken(): void {
    this.#createdAt -= TOKEN_LIFETIME_MS;
  }

  /** The bot's first answer. */
  answer(state: "deferred" | "answered", message: Message | undefined): void {
    this.state = state;
    this.answeredAfterMs = Date.now() - this.#createdAt;
    this.message = message;
    this.ephemeral = ((message?.flags ?? 0) & MessageFlags.Ephemeral) !== 0;
    this.changed();
  }

  /** To be called after every change of the answer or the follow-ups. */
  changed(): void {
    const { content } = this;
    if (this.state === "answered" && content !== this.edits.at(-1)) this.edits.push(content);
    for (const watcher of this.#watchers) watcher();
  }

  /** Waits until the answer fulfils the condition; rejects after the timeout, saying what the answer was. */
  async until(condition: (reply: this) => boolean, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<this> {
    if (condition(this)) return this;
    if (this.state === "failed") throw unanswered();
    return await new Promise<this>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(watcher);
        reject(
          new Error(
            `Waited ${timeoutMs} ms in vain; the answer is ${this.state}: ${JSON.stringify(this.content)}`,
          ),
        );
      }, timeoutMs);
      const watcher = (): void => {
        const fulfilled = condition(this);
        if (!fulfilled && this.state !== "failed") return;
        clearTimeout(timer);
        this.#watchers.delete(watcher);
        if (fulfilled) resolve(this);
        else reject(unanswered());
      };
      this.#watchers.add(watcher);
    });
  }
}

function unanswered(): Error {
  return new Error("The bot did not answer within 3 seconds: the person sees a failed command.");
}
