import type { Client, GuildTextBasedChannel } from "discord.js";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import { within } from "../recordings/deadline.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { UnheardPerson } from "../recordings/people.ts";
import { minutesOf } from "../recordings/unheard.ts";
import { escapeText } from "./markdown.ts";

const SEND_TIMEOUT_MS = 8_000;
/** One message per person in this time; within it the one that stands is edited. */
const REPEAT_MS = 5 * 60_000;

type Alarm = { readonly edit: (text: string) => Promise<unknown>; readonly postedAtMs: number };

/**
 * Lives on the main thread. The messages that name who speaks and cannot be decrypted: in the channel in which the
 * recording's notice stands, else to whoever started it. They mention that person alone. Calls for one recording come one
 * after the other.
 */
export class UnheardNotices {
  readonly #client: Client<true>;
  readonly #log: Log;
  readonly #now: () => number;
  /** The last message about each person, by recording and user. */
  readonly #alarms = new Map<string, Map<string, Alarm>>();

  constructor(client: Client<true>, log: Log, now: () => number = () => performance.now()) {
    this.#client = client;
    this.#log = log;
    this.#now = now;
  }

  /** @param channel where the recording's notice stands, if it does. Never rejects. */
  async unheard(
    manifest: Manifest,
    person: UnheardPerson,
    channel: GuildTextBasedChannel | undefined,
  ): Promise<void> {
    const text = unheardText(manifest, person);
    const alarm = this.#alarms.get(manifest.id)?.get(person.userId);
    if (alarm !== undefined && this.#now() - alarm.postedAtMs < REPEAT_MS)
      return this.#quietly(manifest, () => alarm.edit(text));
    await this.#quietly(manifest, async () => {
      const edit = await this.#post(manifest, text, channel);
      let alarms = this.#alarms.get(manifest.id);
      if (alarms === undefined) this.#alarms.set(manifest.id, (alarms = new Map<string, Alarm>()));
      alarms.set(person.userId, { edit, postedAtMs: this.#now() });
    });
  }

  /** Turns the person's message into the past. Never rejects. */
  async heardAgain(manifest: Manifest, person: UnheardPerson): Promise<void> {
    const alarm = this.#alarms.get(manifest.id)?.get(person.userId);
    if (alarm !== undefined)
      await this.#quietly(manifest, () => alarm.edit(heardAgainText(manifest, person)));
  }

  /** Forgets a recording that is over; what stands in its chat stays there. */
  forget(recordingId: string): void {
    this.#alarms.delete(recordingId);
  }

  async #post(
    manifest: Manifest,
    text: string,
    channel: GuildTextBasedChannel | undefined,
  ): Promise<Alarm["edit"]> {
    const allowedMentions = { users: [manifest.startedBy.id] };
    const message =
      channel === undefined
        ? await this.#client.users.send(manifest.startedBy.id, { content: text, allowedMentions })
        : await channel.send({ content: text, allowedMentions });
    return (content) => message.edit({ content, allowedMentions: { parse: [] } });
  }

  async #quietly(manifest: Manifest, tell: () => Promise<unknown>): Promise<void> {
    try {
      await within(tell(), SEND_TIMEOUT_MS, "Telling who cannot be decrypted");
    } catch (error) {
      this.#log.warn({ guildId: manifest.guild.id, error: messageOf(error) }, "alarm not shown in Discord");
    }
  }
}

/** Pure. */
function unheardText(manifest: Manifest, { userId, name }: UnheardPerson): string {
  const since = manifest.unheard?.findLast((one) => one.userId === userId)?.fromSamples ?? 0;
  return (
    `⚠️ <@${manifest.startedBy.id}> **${escapeText(name)} is speaking, but I can't decrypt it**: nothing of theirs is recorded ` +
    `since ${minutesOf(since)} of the recording. Ask them to leave the voice channel and to join it again.`
  );
}

/** Pure. */
function heardAgainText(manifest: Manifest, { userId, name }: UnheardPerson): string {
  const last = manifest.unheard?.findLast((one) => one.userId === userId && one.toSamples !== undefined);
  const span =
    last === undefined
      ? ""
      : ` What they said from ${minutesOf(last.fromSamples)} to ${minutesOf(last.toSamples ?? 0)} may be missing.`;
  return `✅ **${escapeText(name)} is heard again.**${span}`;
}
