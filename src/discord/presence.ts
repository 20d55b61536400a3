import { Events } from "discord.js";
import type { Client, Guild, VoiceState } from "discord.js";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { Recorder } from "../recordings/recorder.ts";
import type { GuildNotices } from "./notice.ts";

/** How long a recording goes on in a channel that everybody has left. */
const EMPTY_MS = 5 * 60_000;

export type PresenceOptions = {
  readonly client: Client<true>;
  readonly recorder: Pick<Recorder, "status" | "stop" | "recordEvent">;
  readonly notices: Pick<GuildNotices, "giveEndReason">;
  readonly log: Log;
  /** Shorter in tests. */
  readonly emptyMs?: number;
};

/**
 * Lives on the main thread. Watches who is in a recorded channel: tells the recording who joined and left, and ends it
 * when no human has been there for five minutes, or the channel is gone.
 */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #emptyMs: number;
  readonly #timers = new Map<string, { readonly recordingId: string; readonly timer: NodeJS.Timeout }>();
  readonly #listener = (before: VoiceState, after: VoiceState): void => this.#onChange(before, after);

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#emptyMs = options.emptyMs ?? EMPTY_MS;
    options.client.on(Events.VoiceStateUpdate, this.#listener);
    options.client.on(Events.ChannelDelete, this.#onChannelDelete);
    options.client.on(Events.GuildDelete, this.#onGuildDelete);
    options.client.on(Events.GuildAvailable, this.#onGuildAvailable);
  }

  close(): void {
    const { client } = this.#options;
    client.off(Events.VoiceStateUpdate, this.#listener);
    client.off(Events.ChannelDelete, this.#onChannelDelete);
    client.off(Events.GuildDelete, this.#onGuildDelete);
    client.off(Events.GuildAvailable, this.#onGuildAvailable);
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  readonly #onChannelDelete = (channel: { readonly id: string }): void => {
    if (!("guildId" in channel) || typeof channel.guildId !== "string") return;
    const manifest = this.#options.recorder.status(channel.guildId)?.manifest;
    if (manifest?.channel.id !== channel.id) return;
    void this.#stop(channel.guildId, manifest.id, "the channel was deleted");
  };

  readonly #onGuildDelete = ({ id }: Guild): void => {
    const manifest = this.#options.recorder.status(id)?.manifest;
    if (manifest !== undefined) void this.#stop(id, manifest.id, "I was removed from the server");
  };

  readonly #onGuildAvailable = (guild: Guild): void => this.lookAgain(guild);

  /** After an outage, Discord's or our own: what happened meanwhile was never told. */
  lookAgain(guild: Guild): void {
    const manifest = this.#options.recorder.status(guild.id)?.manifest;
    if (manifest === undefined) return;
    if (!guild.channels.cache.has(manifest.channel.id))
      void this.#stop(guild.id, manifest.id, "the channel was deleted");
    else if (hasHumans(guild, manifest.channel.id)) this.#disarm(guild.id);
    else this.#arm(guild.id, manifest.id);
    this.#noteWhoLeftUnheard(guild, manifest);
  }

  /** Those of whom it would be said to the end that they speak. */
  #noteWhoLeftUnheard(guild: Guild, { channel, unheard = [] }: Manifest): void {
    for (const { userId, toSamples } of unheard) {
      const isThere = guild.voiceStates.cache.get(userId)?.channelId === channel.id;
      if (toSamples === undefined && !isThere)
        this.#options.recorder.recordEvent(guild.id, { kind: "left", userId, atMs: Date.now() });
    }
  }

  #onChange(before: VoiceState, after: VoiceState): void {
    const { guild } = after;
    const status = this.#options.recorder.status(guild.id);
    if (status === undefined) {
      this.#disarm(guild.id);
      return;
    }
    const botId = this.#options.client.user.id;
    const channelId = guild.voiceStates.cache.get(botId)?.channelId ?? status.manifest.channel.id;
    if (after.id !== botId && before.channelId !== after.channelId) {
      const kind =
        after.channelId === channelId ? "joined" : before.channelId === channelId ? "left" : undefined;
      if (kind !== undefined) {
        this.#options.recorder.recordEvent(guild.id, { kind, userId: after.id, atMs: Date.now() });
      }
    }
    if (hasHumans(guild, channelId)) this.#disarm(guild.id);
    else this.#arm(guild.id, status.manifest.id);
  }

  #arm(guildId: string, recordingId: string): void {
    if (this.#timers.get(guildId)?.recordingId === recordingId) return;
    // One that an earlier recording left.
    this.#disarm(guildId);
    const timer = setTimeout(() => void this.#stopEmpty(guildId, recordingId), this.#emptyMs);
    timer.unref();
    this.#timers.set(guildId, { recordingId, timer });
  }

  #disarm(guildId: string): void {
    clearTimeout(this.#timers.get(guildId)?.timer);
    this.#timers.delete(guildId);
  }

  #stopEmpty(guildId: string, recordingId: string): Promise<void> {
    this.#timers.delete(guildId);
    return this.#stop(guildId, recordingId, "everybody had left");
  }

  async #stop(guildId: string, recordingId: string, because: string): Promise<void> {
    const { recorder, notices, log } = this.#options;
    // Another recording may run by now.
    if (recorder.status(guildId)?.manifest.id !== recordingId) return;
    log.info({ guildId, because }, "ending the recording");
    notices.giveEndReason(recordingId, because);
    try {
      await recorder.stop(guildId);
    } catch (error) {
      log.error({ guildId, error: messageOf(error) }, "recording not ended");
    }
  }
}

/** Somebody whose account is unknown counts as human: a recording is rather too long than cut short. */
export function hasHumans(guild: Guild, channelId: string): boolean {
  return guild.voiceStates.cache.some(
    (state) => state.channelId === channelId && !(state.member?.user.bot ?? false),
  );
}
