import type { Client } from "discord.js";
import type { VoiceGateway, VoiceUpdate } from "../capture/voice-gateway.ts";
import type { Log } from "../log.ts";

type Adapter = { readonly send: (payload: unknown) => boolean; readonly destroy: () => void };

/**
 * Lives on the main thread. The way of voice payloads between the gateway and capture, over the adapters discord.js
 * offers for every guild: it hands on the bot's own voice states alone (discord.js, `ClientVoiceManager.js`).
 */
export class VoiceAdapter implements VoiceGateway {
  readonly #client: Client<true>;
  readonly #log: Log;
  readonly #adapters = new Map<string, Adapter>();

  constructor(client: Client<true>, log: Log) {
    this.#client = client;
    this.#log = log;
  }

  send(guildId: string, payload: unknown): boolean {
    // discord.js answers false itself while the guild's shard is not ready.
    return this.#adapters.get(guildId)?.send(payload) ?? false;
  }

  subscribe(guildId: string, listener: (update: VoiceUpdate) => void): () => void {
    const guild = this.#client.guilds.cache.get(guildId);
    if (guild === undefined) {
      // Gone since the command was given: nothing can be sent, and capture's own deadline says so.
      this.#log.warn({ guildId }, "voice wanted in a guild the bot is not in");
      return () => {};
    }
    this.#adapters.get(guildId)?.destroy();
    const created = guild.voiceAdapterCreator({
      onVoiceStateUpdate: (data) => listener({ kind: "state", data }),
      onVoiceServerUpdate: (data) => listener({ kind: "server", data }),
      // Called when the shard is refused for good; `send` answers false from then on, and the process ends (`bot.ts`).
      destroy: () => this.#log.warn({ guildId }, "voice adapter lost its gateway connection"),
    });
    const adapter: Adapter = {
      send: (payload) => created.sendPayload(payload),
      destroy: () => created.destroy(),
    };
    this.#adapters.set(guildId, adapter);
    return () => {
      // A newer subscriber of the same guild owns discord.js's slot now.
      if (this.#adapters.get(guildId) !== adapter) return;
      this.#adapters.delete(guildId);
      adapter.destroy();
    };
  }
}
