import type { BotVoice } from "./bot-voice.ts";
import type { Gateway } from "./gateway.ts";
import type { RestFault, RestServer } from "./rest.ts";

/** Lives on the simulator's thread: what can go wrong on the main side. Voice faults are at `SimulatedDiscord.voice`. */
export class Faults {
  readonly #gateway: Gateway;
  readonly #rest: RestServer;
  readonly #botVoice: BotVoice;

  constructor(gateway: Gateway, rest: RestServer, botVoice: BotVoice) {
    this.#gateway = gateway;
    this.#rest = rest;
    this.#botVoice = botVoice;
  }

  /** Spoils the next matching REST requests: refused, delayed or dropped. */
  rest(fault: RestFault): void {
    this.#rest.faults.push({ ...fault });
  }

  /** Closes the bot's gateway connection; 1006 drops the socket without a word. */
  closeGateway(code = 1006): void {
    this.#gateway.closeConnections(code);
  }

  /** Op 7. */
  requestReconnect(): void {
    this.#gateway.requestReconnect();
  }

  /** Op 9; not resumable by default, so the bot must identify anew and is out of voice. */
  invalidSession(resumable = false): void {
    this.#gateway.invalidate(resumable);
  }

  /** Heartbeats stay unanswered: to the bot the connection is dead. */
  dropHeartbeatAcks(drop = true): void {
    this.#gateway.dropHeartbeatAcks = drop;
  }

  /**
   * Somebody drags the bot to another voice channel. `closeFirst`: its voice websocket closes before the gateway tells;
   * `serverFirst`: the gateway names the voice server before the channel.
   */
  moveBot(channelId: string, { closeFirst = false, serverFirst = false } = {}): void {
    this.#botVoice.move(channelId, { closeFirst, serverFirst });
  }

  /** The bot's voice server goes away without a successor (endpoint null); `reassignVoiceServer` names one. */
  removeVoiceServer(): void {
    this.#botVoice.removeServer();
  }

  /** Somebody disconnects the bot from voice. */
  kickBotFromVoice(): void {
    this.#botVoice.leave();
  }

  /** Somebody deafens the bot on the server: it gets no media until that is taken back. */
  deafenBot(deaf = true): void {
    this.#botVoice.deafen(deaf);
  }

  /** Discord assigns the bot's channel another voice server (as far as the main gateway is concerned). */
  reassignVoiceServer(): void {
    this.#botVoice.assignServer();
  }
}
