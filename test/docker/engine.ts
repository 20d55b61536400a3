/** The Docker engine of this machine, driven with its command line; nothing here waits without a bound. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, isIPv4 } from "node:net";

export type DockerResult = { readonly code: number; readonly stdout: string; readonly stderr: string };

export type Engine = {
  readonly version: string;
  /** Address of this machine on the engine's bridge: containers reach it there, and nobody else does. */
  readonly bridge: string;
};

const QUICK_MS = 30_000;

/** Runs `docker` and gives how it ended; code -1 where it cannot be run or took longer. */
export function tryDocker(
  args: readonly string[],
  options: { readonly timeoutMs?: number; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<DockerResult> {
  const { timeoutMs = QUICK_MS, environment = process.env } = options;
  return new Promise((resolve) => {
    execFile(
      "docker",
      args,
      { timeout: timeoutMs, killSignal: "SIGKILL", env: environment, maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, stdout: stdout.trim(), stderr: stderr === "" ? (error?.message ?? "") : stderr });
      },
    );
  });
}

/** What `docker` prints; rejects with all it said when it fails. */
export async function docker(
  args: readonly string[],
  options: Parameters<typeof tryDocker>[1] = {},
): Promise<string> {
  const result = await tryDocker(args, options);
  if (result.code !== 0)
    throw new Error(
      `docker ${args.join(" ")} ended with ${result.code}:\n${result.stdout}\n${result.stderr}`,
    );
  return result.stdout;
}

/** The engine, or in a few words why the tests cannot use one. */
export async function findEngine(): Promise<Engine | string> {
  const server = await tryDocker(["version", "--format", "{{.Server.Version}}"]);
  if (server.code !== 0) return "no Docker engine answers on this machine";
  const compose = await tryDocker(["compose", "version"]);
  if (compose.code !== 0) return "the Docker engine has no Compose v2";
  const gateway = await tryDocker([
    "network",
    "inspect",
    "bridge",
    "--format",
    "{{range .IPAM.Config}}{{.Gateway}} {{end}}",
  ]);
  // Where the engine runs in a virtual machine of its own, as Docker Desktop does, that address is not ours.
  const bridge = gateway.stdout.split(/\s+/).find((address) => isIPv4(address));
  if (bridge === undefined || !(await canListen(bridge)))
    return "the Docker engine's bridge is not on this machine";
  return { version: server.stdout, bridge };
}

async function canListen(address: string): Promise<boolean> {
  const server = createServer().listen(0, address);
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
