/** Whether the web server could listen where it is told to. */
import { once } from "node:events";
import { createServer } from "node:net";
import { systemCodeOf } from "../errors.ts";
import { cannotListen } from "../web/listening.ts";
import { good, note, wrong } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Tries to listen. `ours`: whether the recorder runs, which has the port then; undefined where nobody knows. */
export async function checkPort(host: string, port: number, ours: boolean | undefined): Promise<Finding> {
  const server = createServer();
  try {
    server.listen({ host, port });
    await once(server, "listening");
    return good(`The web server can listen on ${host}, port ${port}`);
  } catch (error) {
    const isTaken = systemCodeOf(error) === "EADDRINUSE";
    if (isTaken && ours === true)
      return good(`Port ${port} is in use, by the recorder that runs on DATA_DIR`);
    const { message, remedy } = cannotListen({ host, port }, error);
    if (isTaken && ours === undefined)
      return note(message, `Nothing is to be done if that is the recorder. ${remedy}`);
    return wrong(message, remedy);
  } finally {
    server.close();
  }
}
