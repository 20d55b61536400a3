/** `npm run doctor`: what is wrong with configuration, machine, disk, recordings and Discord, and how to mend it. */
import { parseArgs } from "node:util";
import { readConfig } from "../config.ts";
import type { Config } from "../config.ts";
import { loadEnvFile, whereTokenWasSought } from "../env-file.ts";
import { messageOf, RecorderError } from "../errors.ts";
import { connectRedis } from "../jobs/redis-connection.ts";
import { createLog } from "../log.ts";
import { Storage } from "../recordings/storage.ts";
import { readLinkSecret } from "../web/link-secret.ts";
import { checkCatalog, checkFolder, checkRoom, isInUse } from "./data-directory.ts";
import { checkDiscord } from "./discord.ts";
import { checkEnvFile } from "./env-file.ts";
import { good, linesOf, summaryOf, wrong } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { checkMediaTools, checkNode, checkOpus, checkSocketBuffers } from "./machine.ts";
import { checkPort } from "./port.ts";
import { checkRecordings } from "./recordings.ts";
import { repair } from "./repair.ts";

const USAGE = `npm run doctor                says what is wrong and how to mend it
npm run doctor -- --repair    first recovers recordings and catalog`;
const REDIS_MS = 3_000;

const findings: Finding[] = [];

/** Findings as soon as they are known: some take seconds. */
function tell(found: readonly Finding[]): void {
  for (const line of linesOf(found)) process.stdout.write(`${line}\n`);
  findings.push(...found);
}

/** A check that fails is a finding too. `what` it looks at. */
async function attempt(what: string, check: () => Promise<readonly Finding[]>): Promise<void> {
  try {
    tell(await check());
  } catch (error) {
    tell([failed(what, error)]);
  }
}

function failed(what: string, error: unknown): Finding {
  if (error instanceof RecorderError) return wrong(`${error.message} (${error.code})`, error.remedy);
  return wrong(
    `${what} cannot be looked at: ${messageOf(error)}.`,
    "See to what is said there, and that this runs as the user that the recorder runs as; then run it again.",
  );
}

process.exitCode = await examine(process.argv.slice(2));

async function examine(args: readonly string[]): Promise<number> {
  const wantsRepair = readArguments(args);
  if (wantsRepair === undefined) return 1;
  tell([checkNode()]);
  let sought = "The file .env cannot be read.";
  await attempt(".env", async () => {
    const file = loadEnvFile(process.env);
    sought = whereTokenWasSought(file);
    return checkEnvFile(file);
  });
  const config = configOrFindings();
  if (config !== undefined) {
    if (wantsRepair) await attempt("What was left", () => repair(config));
    await checkAll(config, sought);
  }
  process.stdout.write(`\n${summaryOf(findings)}\n`);
  return findings.some(({ kind }) => kind === "wrong") ? 1 : 0;
}

/** `sought`: where a token was looked for. */
async function checkAll(config: Config, sought: string): Promise<void> {
  const storage = new Storage(config.dataDir);
  const { redisUrl, token } = config;
  await attempt("Opus", async () => [checkOpus()]);
  await attempt("ffmpeg", () => checkMediaTools(config.ffmpegPath));
  await attempt("The socket buffer", () => checkSocketBuffers());
  const botRuns = await checkData(storage, config);
  if (config.roles.includes("web")) {
    // Whether a process without a bot runs, no lock says.
    const ours = botRuns === true || config.roles.includes("bot") ? botRuns : undefined;
    await attempt("The port", async () => [await checkPort(config.httpHost, config.httpPort, ours)]);
  }
  if (redisUrl !== undefined) await attempt("Redis", () => checkRedis(redisUrl));
  if (token !== undefined) await attempt("Discord", () => checkDiscord(config.discordApiUrl, token));
  else if (config.roles.includes("bot"))
    tell([
      wrong(
        `DISCORD_TOKEN is not set. ${sought}`,
        "Run npm start: it says how to get one. npm run demo needs none.",
      ),
    ]);
}

/**
 * What is in a folder that cannot be used is not looked at: there would be an error for each thing in it. Gives whether a
 * bot runs on it; undefined where that cannot be told.
 */
async function checkData(
  storage: Storage,
  { dataDir, diskReserveBytes, linkSecret }: Config,
): Promise<boolean | undefined> {
  let botRuns: boolean | undefined;
  await attempt(dataDir, async () => {
    const folder = await checkFolder(storage);
    if (folder.kind !== "wrong") botRuns = await isInUse(storage);
    return [folder];
  });
  const inUse = botRuns;
  if (inUse === undefined) return undefined;
  await attempt(dataDir, () => checkRoom(storage, diskReserveBytes));
  if (linkSecret === undefined)
    await attempt("The secret for links", async () => {
      await readLinkSecret(dataDir);
      return [];
    });
  await attempt("The catalog", async () => [await checkCatalog(storage)]);
  await attempt("What is recorded", () => checkRecordings(storage, inUse));
  return inUse;
}

async function checkRedis(url: string): Promise<readonly Finding[]> {
  const redis = await connectRedis(url, createLog("silent", "doctor"), REDIS_MS);
  redis.disconnect();
  return [good("Redis answers, and keeps what it is given")];
}

function configOrFindings(): Config | undefined {
  const result = readConfig(process.env);
  if (result.ok) {
    tell([good(`The configuration is well-formed; recordings are kept in ${result.config.dataDir}`)]);
    return result.config;
  }
  tell(
    result.faults.map(({ variable, problem }) =>
      wrong(
        `${variable} ${problem}.`,
        "Change it in the environment or in .env; README.md lists all variables.",
      ),
    ),
  );
  return undefined;
}

/** Whether to repair; undefined where the arguments make no sense, which is said. */
function readArguments(args: readonly string[]): boolean | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { repair: { type: "boolean", default: false } },
    });
    return values.repair;
  } catch {
    process.stdout.write(`${USAGE}\n`);
    return undefined;
  }
}
