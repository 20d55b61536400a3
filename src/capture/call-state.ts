/** What the voice library's connection says of the call: who is in it, and its end-to-end encryption. */
import { NetworkingStatusCode } from "@discordjs/voice";
import type { DAVESession, NetworkingState } from "@discordjs/voice";
import type { KeyState } from "./key-watch.ts";
import type { DaveState } from "./media-lock.ts";

const NO_DAVE: DaveState = { protocolVersion: 0, session: undefined };

/** How the keys of a call stand. */
export function keyStateOf(dave: DAVESession): KeyState {
  if (dave.reinitializing) return "renewing";
  // Private in the typings, and nothing public tells that a transition is under way.
  return dave["pendingTransitions"].size > 0 ? "changing" : "settled";
}

/** The end-to-end side of the call; undefined in states in which we do not know whether it has one. */
export function daveOf(state: NetworkingState): DaveState | undefined {
  if (state.code !== NetworkingStatusCode.Ready && state.code !== NetworkingStatusCode.Resuming)
    return undefined;
  return state.dave ?? NO_DAVE;
}

/** Who is in the call, as far as the voice gateway has said. */
export function membersOf(state: NetworkingState): Iterable<string> {
  return "connectionData" in state ? (state.connectionData.connectedClients ?? []) : [];
}
