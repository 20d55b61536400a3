import type { DAVESession } from "@discordjs/voice";
import { keyStateOf } from "./call-state.ts";

/** How long media in clear may still be under way when a call has become encrypted (protocol.md, "Upgrade"). */
const UNDER_WAY_S = 10;

/**
 * Lives on the capture thread. When a call becomes encrypted, what was sent in clear until then may be taken, for as long
 * as it can be under way. @discordjs/voice 0.19.2 allows it for ever where the call was encrypted before, and never where
 * it was not.
 */
export class ClearWindow {
  #wasClear = false;

  /** Called after every message about keys. */
  update(dave: DAVESession): void {
    if (dave.protocolVersion === 0) {
      this.#wasClear = true;
    } else if (this.#wasClear && dave.session?.ready === true && keyStateOf(dave) === "settled") {
      this.#wasClear = false;
      dave.session.setPassthroughMode(true, UNDER_WAY_S);
      dave.session.setPassthroughMode(false, UNDER_WAY_S);
    }
  }
}
