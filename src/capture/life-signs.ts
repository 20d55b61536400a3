import type { Networking, NetworkingState, VoiceWebSocket } from "@discordjs/voice";

/** Lives on the capture thread. When a voice server was last known to be there; times of `performance.now()`. */
export class LifeSigns {
  /** Anything at all. */
  aliveMs = performance.now();
  /** A datagram. */
  heardMs = performance.now();
  #socket: VoiceWebSocket | undefined;

  /** Follows this connection from now on. */
  follow(networking: Networking): void {
    const attach = (state: NetworkingState): void => {
      if (!("ws" in state) || state.ws === this.#socket) return;
      this.#socket = state.ws;
      state.ws.on("packet", this.#onPacket);
    };
    attach(networking.state);
    networking.on("stateChange", (_old, state) => attach(state));
  }

  alive(): void {
    this.aliveMs = performance.now();
  }

  /** Datagrams came since it was last asked. */
  heard(nowMs: number): void {
    this.heardMs = nowMs;
    this.aliveMs = Math.max(this.aliveMs, nowMs);
  }

  readonly #onPacket = (): void => this.alive();
}
