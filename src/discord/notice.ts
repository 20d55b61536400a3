import type { Client, GuildTextBasedChannel } from "discord.js";
import { messageOf, RecorderError } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { NoticeBoard, PostedNotice, UnheardPerson } from "../recordings/people.ts";
import type { EndCause } from "../recordings/session-state.ts";
import { NicknameSign } from "./nickname-sign.ts";
import { UnheardNotices } from "./unheard-notice.ts";
import { leftText, noticeText } from "./notice-text.ts";

/** Each sign must stand within this; Discord limits nickname changes, and a queue there must not hold up a start. */
const SIGN_TIMEOUT_MS = 8_000;

/** Must not reject. */
type EndListener = (manifest: Manifest, endedBecause: string | undefined) => Promise<void>;

/** A message that stands in a channel, and what it says. */
type Posted = { readonly channel: GuildTextBasedChannel; readonly messageId: string; text: string };

/**
 * Lives on the main thread. Shows in Discord that a recording runs: the bot's nickname and one public message, in the
 * voice channel's own chat, or where the command was given when that chat is closed to the bot.
 */
export class GuildNotices implements NoticeBoard {
  readonly #client: Client<true>;
  readonly #log: Log;
  readonly #sign: NicknameSign;
  readonly #unheard: UnheardNotices;
  readonly #posted = new Map<string, Posted>();
  /** A recording's newest message, on its way to Discord or there; until the recording's end. */
  readonly #posting = new Map<string, Promise<Posted>>();
  /** Edits of one message follow one another; a late one must not undo a newer. */
  readonly #edits = new Map<string, Promise<void>>();
  readonly #fallbackChannels = new Map<string, string>();
  readonly #endReasons = new Map<string, string>();
  #onEndedByItself: EndListener = () => Promise.resolve();

  constructor(client: Client<true>, log: Log) {
    this.#client = client;
    this.#log = log;
    this.#sign = new NicknameSign(client, log);
    this.#unheard = new UnheardNotices(client, log);
  }

  /** Where else the message of a guild's next recording may stand. */
  offerFallback(guildId: string, channelId: string): void {
    this.#fallbackChannels.set(guildId, channelId);
  }

  /** Called when a recording is over that nobody stopped. */
  onEndedByItself(listener: EndListener): void {
    this.#onEndedByItself = listener;
  }

  /** What the last state of the message shall name as the reason of the end: "everybody had left". */
  giveEndReason(recordingId: string, reason: string): void {
    this.#endReasons.set(recordingId, reason);
  }

  /** Removes a sign that a crash left behind; only for a guild in which nothing is recorded. Never rejects. */
  async restoreNickname(guildId: string): Promise<void> {
    await this.#sign.takeDown(guildId);
  }

  async show(manifest: Manifest, onPosted: (notice: PostedNotice) => void = () => {}): Promise<void> {
    const posting = this.#post(manifest);
    this.#posting.set(manifest.id, posting);
    void posting.then(
      (posted) => {
        // Moved on meanwhile: another message counts.
        if (this.#posting.get(manifest.id) !== posting) return;
        this.#posted.set(manifest.id, posted);
        onPosted({ channelId: posted.channel.id, messageId: posted.messageId });
      },
      () => undefined,
    );
    const signs = await Promise.allSettled([
      within(this.#sign.putUp(manifest.guild.id), SIGN_TIMEOUT_MS, "Changing the nickname"),
      within(posting, SIGN_TIMEOUT_MS, "Posting the notice"),
    ]);
    if (signs.some(({ status }) => status === "fulfilled")) return;
    const causes = signs.map((sign) => (sign.status === "rejected" ? messageOf(sign.reason) : ""));
    throw new RecorderError(
      "E-NOTICE",
      `I can't show in <#${manifest.channel.id}> that it is being recorded, so I don't record.`,
      "Ask an admin to allow me **Change Nickname** in this server or **Send Messages** in that channel, then run /record start again.",
      { cause: new Error(causes.join("; ")) },
    );
  }

  async move(
    manifest: Manifest,
    former: Manifest["channel"],
    onPosted?: (notice: PostedNotice) => void,
  ): Promise<void> {
    const left = this.#posting.get(manifest.id);
    this.#posted.delete(manifest.id);
    // Also one that Discord takes only when we are gone.
    void left?.then(
      (posted) => this.#rewrite(manifest, posted, leftText(manifest, former)),
      () => undefined,
    );
    await this.show(manifest, onPosted);
  }

  async update(manifest: Manifest): Promise<void> {
    const { id } = manifest;
    const edit = (this.#edits.get(id) ?? Promise.resolve()).then(() => this.#edit(manifest));
    this.#edits.set(id, edit);
    await edit;
    if (this.#edits.get(id) === edit) this.#edits.delete(id);
  }

  async alert(manifest: Manifest, text: string): Promise<void> {
    try {
      const message = `⚠️ ${text}`;
      await within(this.#send(manifest, message), SIGN_TIMEOUT_MS, "Posting a warning");
    } catch (error) {
      this.#log.warn({ guildId: manifest.guild.id, error: messageOf(error) }, "warning not posted");
    }
  }

  async unheard(manifest: Manifest, person: UnheardPerson): Promise<void> {
    await this.#unheard.unheard(manifest, person, this.#posted.get(manifest.id)?.channel);
  }

  async heardAgain(manifest: Manifest, person: UnheardPerson): Promise<void> {
    await this.#unheard.heardAgain(manifest, person);
  }

  async clear(manifest: Manifest, ended: EndCause["kind"] | undefined): Promise<void> {
    const { id, guild } = manifest;
    if (ended === "shutdown") this.giveEndReason(id, "I was shut down");
    const endedBecause = this.#endReasons.get(id);
    const wasAsked = ended === "asked" && endedBecause === undefined;
    const told = ended === undefined || wasAsked ? undefined : this.#onEndedByItself(manifest, endedBecause);
    // A message that Discord takes only now must not stand for ever as it was written.
    const posted = Promise.allSettled([this.#posting.get(id)]).then(() => this.update(manifest));
    await Promise.all([this.#sign.takeDown(guild.id), posted, told]);
    this.#posting.delete(id);
    this.#posted.delete(id);
    this.#unheard.forget(id);
    this.#endReasons.delete(id);
  }

  async #post(manifest: Manifest): Promise<Posted> {
    const text = noticeText(manifest);
    const where = (await this.#takeUp(manifest, text)) ?? (await this.#send(manifest, text));
    return { ...where, text };
  }

  /** The message that a dead process left of this recording, if it still stands. */
  async #takeUp({ notice }: Manifest, text: string): Promise<Omit<Posted, "text"> | undefined> {
    const channel = this.#client.channels.cache.get(notice?.channelId ?? "");
    if (notice === undefined || channel === undefined || channel.isDMBased() || !channel.isTextBased())
      return undefined;
    const { messageId } = notice;
    const edited = channel.messages.edit(messageId, { content: text, allowedMentions: { parse: [] } });
    return edited.then(
      () => ({ channel, messageId }),
      () => undefined,
    );
  }

  /** Into the channel's own chat, or where the command was given. */
  async #send(manifest: Manifest, content: string): Promise<Omit<Posted, "text">> {
    const wanted = [manifest.channel.id, this.#fallbackChannels.get(manifest.guild.id)];
    let failure: unknown = new Error("no channel to post in");
    for (const channelId of new Set(wanted)) {
      const channel = this.#client.channels.cache.get(channelId ?? "");
      if (channel === undefined || channel.isDMBased() || !channel.isTextBased()) continue;
      try {
        const message = await channel.send({ content, allowedMentions: { parse: [] } });
        return { channel, messageId: message.id };
      } catch (error) {
        failure = error;
      }
    }
    this.#log.info({ guildId: manifest.guild.id, error: messageOf(failure) }, "no public message possible");
    throw failure;
  }

  async #edit(manifest: Manifest): Promise<void> {
    const posted = this.#posted.get(manifest.id);
    const text = noticeText(manifest, this.#endReasons.get(manifest.id));
    if (posted !== undefined && posted.text !== text) await this.#rewrite(manifest, posted, text);
  }

  async #rewrite(manifest: Manifest, posted: Posted, text: string): Promise<void> {
    posted.text = text;
    try {
      const edited = posted.channel.messages.edit(posted.messageId, {
        content: text,
        allowedMentions: { parse: [] },
      });
      await within(edited, SIGN_TIMEOUT_MS, "Editing the notice");
    } catch (error) {
      this.#log.warn({ guildId: manifest.guild.id, error: messageOf(error) }, "notice not edited");
    }
  }
}
