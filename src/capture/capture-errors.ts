/** The ways in which capture fails a recording, each with its remedy. */
import { RecorderError } from "../errors.ts";

function notConnected(why: string): RecorderError {
  return new RecorderError(
    "E-CONNECT",
    `I could not join the voice channel: ${why}`,
    "Check that I may view and connect to it, then try again.",
  );
}

export function noAnswer(): RecorderError {
  return notConnected("Discord's voice server did not answer.");
}

export function removed(): RecorderError {
  return new RecorderError(
    "E-REMOVED",
    "I was disconnected from the voice channel, or it was deleted.",
    "What was recorded before is kept; start a new recording to go on.",
  );
}

export function encryptionRequired(): RecorderError {
  return new RecorderError(
    "E-ENCRYPTION",
    "Discord refused the connection because it requires end-to-end encryption (4017).",
    "Reinstall the dependencies with `npm ci`, so that @snazzah/davey is there, and restart.",
  );
}

export function died(cause: unknown): RecorderError {
  return new RecorderError(
    "E-CAPTURE-DIED",
    "The part of me that listens has failed.",
    "What was recorded before is kept; start a new recording.",
    { cause },
  );
}

export function stuck(): RecorderError {
  return new RecorderError(
    "E-CAPTURE-STUCK",
    "The part of me that listens does not answer.",
    "Try again; if it happens again, restart the bot.",
  );
}

export function closing(): RecorderError {
  return new RecorderError("E-CLOSING", "I am being shut down.", "Start the recording again in a moment.");
}

export function cancelled(): RecorderError {
  return new RecorderError(
    "E-CANCELLED",
    "The recording was stopped before it began.",
    "Start it again when you are ready.",
  );
}

export function rateLimited(): RecorderError {
  return new RecorderError(
    "E-CONNECT",
    "I could not join the voice channel: Discord lets me join only so often (4021).",
    "Wait a minute, then try again.",
  );
}

export function movedBeforeStart(): RecorderError {
  return new RecorderError(
    "E-MOVED",
    "I was moved to another channel before the recording began.",
    "Start the recording there.",
  );
}

export function gatewayNotReady(): RecorderError {
  return notConnected("The connection to Discord is not ready.");
}

/** @param closeCode how the voice server closed; 0 when it did not say. */
export function notRegained(closeCode: number): RecorderError {
  const code = closeCode === 0 ? "" : ` (it closed with ${closeCode})`;
  return new RecorderError(
    "E-RECONNECT",
    `The connection to Discord's voice server was lost and could not be had again${code}.`,
    "What was recorded before is kept; start a new recording to go on.",
  );
}
