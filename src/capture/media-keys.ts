import { NetworkingStatusCode } from "@discordjs/voice";
import type { Networking } from "@discordjs/voice";
import { keyStateOf } from "./call-state.ts";

/** The call's end-to-end keys: it has none; ours are not there yet, or about to change; ours are there. */
export type MediaKeys = "none" | "pending" | "settled";

/** How the keys of this connection's call stand. */
export function mediaKeysOf(networking: Networking | undefined): MediaKeys {
  const state = networking?.state;
  const dave = state?.code === NetworkingStatusCode.Ready ? state.dave : undefined;
  if (dave === undefined || dave.protocolVersion === 0) return "none";
  return dave.session?.ready === true && keyStateOf(dave) === "settled" ? "settled" : "pending";
}

/** Whether the voice server has told of nobody else in the call. */
export function isAlone(networking: Networking | undefined): boolean {
  const state = networking?.state;
  return state?.code !== NetworkingStatusCode.Ready || state.connectionData.connectedClients.size === 0;
}
