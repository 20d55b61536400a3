/** Ports for programs that cannot choose one themselves, such as a bot that must be where it was after a restart. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { systemCodeOf } from "../../src/errors.ts";

/** Below what Linux gives away by itself (`ip_local_port_range`, from 32,768), where any server or connection could take it. */
const FIRST = 20_000;
const PORTS = 12_000;

/**
 * A TCP port on loopback that nobody listens on. Nobody else who asks this function gets it while this process lives: the
 * UDP port of the same number is held as a claim on it.
 */
export async function freePort(): Promise<number> {
  for (let from = Math.floor(Math.random() * PORTS), tried = 0; tried < PORTS; tried++) {
    const port = FIRST + ((from + tried) % PORTS);
    if ((await claim(port)) && (await isFree(port))) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + PORTS - 1} is free`);
}

/** Held until this process ends. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket("udp4").unref();
  const claimed = await succeeds(() => {
    socket.bind({ port, address: "127.0.0.1", exclusive: true });
    return once(socket, "listening");
  });
  if (!claimed) socket.close();
  return claimed;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await succeeds(() => {
    server.listen(port, "127.0.0.1");
    return once(server, "listening");
  });
  if (free) await new Promise((closed) => server.close(closed));
  return free;
}

async function succeeds(binding: () => Promise<unknown>): Promise<boolean> {
  try {
    await binding();
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "EADDRINUSE" || systemCodeOf(error) === "EACCES") return false;
    throw error;
  }
}
