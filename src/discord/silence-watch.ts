import type { Client, Guild } from "discord.js";
import type { Log } from "../log.ts";
import type { Manifest } from "../recordings/manifest.ts";
import type { Recorder } from "../recordings/recorder.ts";

export type SilenceWatchOptions = {
  readonly client: Client<true>;
  readonly recorder: Pick<Recorder, "active" | "reconnect">;
  readonly log: Log;
  /** Shorter in tests. */
  readonly timing?: SilenceTiming;
};

export type SilenceTiming = { readonly lookMs: number; readonly logMs: number; readonly reconnectMs: number };

/** A quiet meeting looks the same as a dead path: so tell it early, and act late, and once. */
const TIMING: SilenceTiming = { lookMs: 5_000, logMs: 60_000, reconnectMs: 300_000 };

/** One recording in which nothing arrives. */
type Silence = {
  /** Of any kind: an answer to a keep-alive shows that the path is alive. */
  datagrams: number;
  /** Without any. */
  sinceMs: number;
  /** Of people: what a new connection says of itself is no reason for yet another one. */
  media: number;
  told: boolean;
  reconnected: boolean;
};

/**
 * Lives on the main thread. Looks for voice connections that stand while nothing comes through them, though somebody in
 * the channel could be speaking: keep-alives of the UDP path are not answered reliably, so nothing else would show it.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #timing: SilenceTiming;
  readonly #silences = new Map<string, Silence>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#timing = options.timing ?? TIMING;
    this.#timer = setInterval(() => this.#look(performance.now()), this.#timing.lookMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(nowMs: number): void {
    const { client, recorder } = this.#options;
    const active = new Set<string>();
    for (const { manifest } of recorder.active) {
      active.add(manifest.id);
      const silence = this.#silenceOf(manifest, nowMs);
      const guild = client.guilds.cache.get(manifest.guild.id);
      const isHeard = manifest.state === "recording" && guild !== undefined;
      if (isHeard && somebodyCouldSpeak(guild, manifest.channel.id)) this.#judge(silence, guild.id, nowMs);
      else silence.sinceMs = nowMs;
    }
    for (const id of this.#silences.keys()) if (!active.has(id)) this.#silences.delete(id);
  }

  /** How long it has lasted by now. */
  #silenceOf({ id, connection }: Manifest, nowMs: number): Silence {
    const { datagrams = 0, notMedia = 0 } = connection ?? {};
    const media = datagrams - notMedia;
    let silence = this.#silences.get(id);
    if (silence?.media !== media) {
      silence = { datagrams, sinceMs: nowMs, media, told: false, reconnected: false };
      this.#silences.set(id, silence);
    } else if (silence.datagrams !== datagrams) {
      silence.datagrams = datagrams;
      silence.sinceMs = nowMs;
    }
    return silence;
  }

  #judge(silence: Silence, guildId: string, nowMs: number): void {
    const { recorder, log } = this.#options;
    const silentMs = nowMs - silence.sinceMs;
    if (!silence.told && silentMs >= this.#timing.logMs) {
      silence.told = true;
      log.warn(
        { guildId, silentMs: Math.round(silentMs) },
        "nothing arrives from people who could be speaking",
      );
    }
    if (silence.reconnected || silentMs < this.#timing.reconnectMs) return;
    silence.reconnected = true;
    log.warn({ guildId, silentMs: Math.round(silentMs) }, "making a new voice connection to be sure");
    recorder.reconnect(guildId, "Nothing had arrived for minutes, so I connected anew.");
  }
}

/** Somebody human in the channel is neither muted nor deafened, by whomever; and neither are we deafened. */
function somebodyCouldSpeak(guild: Guild, channelId: string): boolean {
  if (guild.voiceStates.cache.get(guild.client.user.id)?.serverDeaf === true) return false;
  return guild.voiceStates.cache.some(
    (state) =>
      state.channelId === channelId &&
      state.mute !== true &&
      state.deaf !== true &&
      !(state.member?.user.bot ?? false),
  );
}
