/** The floor without Node, `floor.c`, where its parts are there: a C compiler, and the libopus that `@discordjs/opus` was built with. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { speechOf } from "./load.ts";
import type { LibraryRun } from "./library-run.ts";

const run = promisify(execFile);
const PACKAGE = dirname(createRequire(import.meta.url).resolve("@discordjs/opus/package.json"));
const LIBRARY = join(PACKAGE, "build-tmp-napi-v3/Release/opus.a");
const HEADERS = join(PACKAGE, "deps/opus/include");
const SOURCE = fileURLToPath(new URL("../floor.c", import.meta.url));

/** Why it cannot be built here, or undefined. */
export function cFloorMissing(): string | undefined {
  if (spawnSync("cc", ["--version"], { stdio: "ignore" }).status !== 0) return "no C compiler here";
  if (!existsSync(LIBRARY)) return "@discordjs/opus came built, without its libopus";
  return undefined;
}

/** Builds it and runs it on what so many speakers say in so many seconds. */
export async function runCFloor(speakers: number, seconds: number): Promise<LibraryRun> {
  const folder = mkdtempSync(join(tmpdir(), "bench-c-floor-"));
  try {
    const program = join(folder, "floor");
    await run("cc", ["-O2", "-o", program, SOURCE, `-I${HEADERS}`, LIBRARY, "-lm"]);
    const packets = join(folder, "packets");
    writeFileSync(packets, await packetsFile(speakers, seconds));
    const { stdout } = await run(program, [packets, folder]);
    return JSON.parse(stdout) as LibraryRun;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As `floor.c` describes it. */
async function packetsFile(speakers: number, seconds: number): Promise<Buffer> {
  const speeches = await Promise.all(
    Array.from({ length: speakers }, async (_, speaker) => (await speechOf(speaker, seconds)).packets),
  );
  const count = Buffer.alloc(4);
  count.writeUInt32LE(speakers);
  const parts: Buffer[] = [count];
  for (const [frame] of (speeches[0] ?? []).entries())
    for (const packets of speeches) {
      const packet = packets[frame] ?? Buffer.alloc(0);
      const length = Buffer.alloc(2);
      length.writeUInt16LE(packet.length);
      parts.push(length, packet);
    }
  return Buffer.concat(parts);
}
