/** What the close codes of a voice websocket mean for a recording (Discord, "Voice Close Event Codes"): pure. */

/**
 * - `join`: the session is gone; a new one may be had at once.
 * - `wait-moved`: kicked, moved, or the main session was dropped: the main gateway tells which.
 * - `wait-server`: the call was ended there; another server may be named.
 * - `wait-limit`: too many joins.
 * - `fatal`: coming back changes nothing.
 */
export type AfterClose = "join" | "wait-moved" | "wait-server" | "wait-limit" | "fatal";

const DISCONNECTED = 4014;
const ENCRYPTION_REQUIRED = 4017;
const RATE_LIMITED = 4021;
const CALL_TERMINATED = 4022;

/** Codes below 4000 and 4015 never come here as long as the library can resume. */
export function afterClose(code: number): AfterClose {
  switch (code) {
    case DISCONNECTED:
      return "wait-moved";
    case CALL_TERMINATED:
      return "wait-server";
    case RATE_LIMITED:
      return "wait-limit";
    case ENCRYPTION_REQUIRED:
      return "fatal";
    default:
      return "join";
  }
}

/** Whether the server itself said so, rather than the network: it was there until then. */
export function isSaidByServer(code: number): boolean {
  return code >= 4000;
}
