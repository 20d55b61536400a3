import type { GatewayClient } from "./gateway-client.ts";

/** Enough for any test; Discord keeps a bounded replay buffer too. */
const REPLAY_LIMIT = 10_000;

/** Lives on the simulator's thread: one bot session, which outlives its connections. */
export class GatewaySession {
  readonly id: string;
  readonly intents: number;
  /** The connection that speaks for the session now; it may already be closed. */
  client: GatewayClient;
  readonly #sent: { readonly s: number; readonly t: string; readonly d: unknown }[] = [];
  #sequence = 0;

  constructor(id: string, intents: number, client: GatewayClient) {
    this.id = id;
    this.intents = intents;
    this.client = client;
  }

  get connected(): boolean {
    return this.client.open;
  }

  /** Numbers, keeps and (when connected) sends an event. The data is frozen in time: later changes do not show. */
  dispatch(t: string, data: unknown): void {
    this.#sequence += 1;
    const event = { s: this.#sequence, t, d: structuredClone(data) };
    this.#sent.push(event);
    if (this.#sent.length > REPLAY_LIMIT) this.#sent.shift();
    this.client.send({ op: 0, ...event });
  }

  /** Goes on over another connection: everything after `sequence` again, then RESUMED. False for an impossible sequence. */
  resume(client: GatewayClient, sequence: number): boolean {
    if (sequence > this.#sequence || sequence < (this.#sent[0]?.s ?? 1) - 1) return false;
    this.client = client;
    for (const event of this.#sent) if (event.s > sequence) client.send({ op: 0, ...event });
    this.dispatch("RESUMED", {});
    return true;
  }
}
