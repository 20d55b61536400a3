/** Why nobody can listen where the web server is told to, in words. */
import { messageOf, RecorderError, systemCodeOf } from "../errors.ts";

export type Listening = { readonly host: string; readonly port: number };

/** `E-PORT`, from what the system said. */
export function cannotListen({ host, port }: Listening, error: unknown): RecorderError {
  const [why, remedy] = reasonOf(host, error);
  return new RecorderError(
    "E-PORT",
    `The web server cannot listen on ${host}, port ${port}: ${why}.`,
    remedy,
    {
      cause: error,
    },
  );
}

function reasonOf(host: string, error: unknown): readonly [why: string, remedy: string] {
  switch (systemCodeOf(error)) {
    case "EADDRINUSE":
      return [
        "another program does",
        "Stop that one, or set HTTP_PORT to a port that is free on this machine.",
      ];
    case "EACCES":
      return [
        "that port is not for ordinary users",
        "Set HTTP_PORT to one from 1024 on, and let a reverse proxy have this one.",
      ];
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return [
        "that is no address of this machine",
        `Leave HTTP_HOST out, or set it to an address of this machine; ${host} can still be in PUBLIC_URL.`,
      ];
    default:
      return [messageOf(error), "Set HTTP_PORT (and HTTP_HOST) to an address that is free on this machine."];
  }
}
