import "./require-node.ts";

import { existsSync, readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { z } from "zod";
import { CaptureThread } from "./capture/capture-thread.ts";
import { readConfig } from "./config.ts";
import type { Config } from "./config.ts";
import { Bot } from "./discord/bot.ts";
import { RecorderError } from "./errors.ts";
import { JobStage } from "./job-stage.ts";
import { createLog } from "./log.ts";
import type { Log } from "./log.ts";
import { createFrameQueueMemory } from "./queue/frame-queue.ts";
import type { FrameQueueMemory } from "./queue/frame-queue.ts";
import { queueBytes, queueSeconds, slotsForMemory } from "./queue/queue-size.ts";
import { Catalog } from "./recordings/catalog.ts";
import { lockInstance } from "./recordings/instance-lock.ts";
import type { LeftBehind } from "./recordings/left-behind.ts";
import { Recorder } from "./recordings/recorder.ts";
import { Recovery } from "./recordings/recovery.ts";
import { Storage } from "./recordings/storage.ts";
import { inviteLink, SETUP_GUIDE } from "./setup-guide.ts";
import { loadLinkSecret } from "./web/link-secret.ts";
import { Links } from "./web/links.ts";
import { Metrics } from "./web/metrics.ts";
import { WebServer } from "./web/server.ts";
import { RecoveryThread } from "./writer/recovery/recovery-thread.ts";
import { WriterThread } from "./writer/writer-thread.ts";

/** sysexits.h: the configuration is wrong; a supervisor need not try again. */
const EX_CONFIG = 78;

/** Failures that only a change of configuration mends. */
const CONFIG_CODES = new Set([
  "E-TOKEN",
  "E-INTENTS",
  "E-PORT",
  "E-DATA-DIR",
  "E-DATA-DIR-IN-USE",
  "E-LINK-SECRET",
  "E-JOBS-RUNNING",
  "E-REDIS-AUTH",
  "E-REDIS-POLICY",
]);

/** From the first signal to the exit, at most. */
const SHUTDOWN_MS = 9_500;

/** npm passes on a signal that the terminal has already sent: one press of Ctrl-C arrives twice. */
const SAME_SIGNAL_MS = 300;

// The environment wins over the file.
if (existsSync(".env")) process.loadEnvFile(".env");
const config = configOrExit();
const log = createLog(config.logLevel, "main");
const stages = new AsyncDisposableStack();
let stopping = false;
let crashing = false;
let signalledMs: number | undefined;

process.on("SIGTERM", onSignal);
process.on("SIGINT", onSignal);
process.on("uncaughtException", (error) => {
  crashing = true;
  log.fatal({ err: error }, "something unexpected failed: finishing the recordings");
  void stop(1);
});

try {
  await start(stages, config, log);
} catch (error) {
  if (!(error instanceof RecorderError)) throw error;
  console.error(`The recorder cannot start. ${error.explanation}`);
  await stages.disposeAsync();
  process.exit(CONFIG_CODES.has(error.code) ? EX_CONFIG : 1);
}

/** Starts the stages sink first: disposing of the stack stops them source first, so that audio drains downstream. */
async function start(stages: AsyncDisposableStack, config: Config, log: Log): Promise<void> {
  const storage = new Storage(config.dataDir);
  await storage.prepare();
  if (config.roles.includes("bot")) stages.use(lockInstance(config.dataDir));
  const links = new Links({
    publicUrl: config.publicUrl,
    secret: config.linkSecret ?? (await loadLinkSecret(config.dataDir)),
  });
  // Whoever holds the bot's lock reads every folder after this; nobody else could fill an empty catalog.
  const damage = config.roles.includes("bot") ? "replace" : "refuse";
  const catalog = stages.use(await Catalog.open(config.dataDir, { damage }));
  if (catalog.replaced !== undefined)
    log.error({ moved: catalog.replaced }, "the catalog was damaged; a new one is made");
  // Web alone neither orders work nor does any.
  const jobs = config.roles.some((role) => role !== "web")
    ? stages.use(await JobStage.start(config, { catalog, storage, crashing: () => crashing }))
    : undefined;
  // Before any recording of this process; it goes on in the background, and is no reason to keep people waiting.
  const recovery = config.roles.includes("bot")
    ? stages.use(
        await Recovery.start({
          catalog,
          storage,
          stage: new RecoveryThread(),
          onOver: (manifest) => jobs?.recordingOver(manifest),
          goOnWithinMs: config.resumeWithinMs,
          log: createLog(config.logLevel, "recovery"),
        }),
      )
    : undefined;
  const bot = config.roles.includes("bot")
    ? await startRecording(stages, config, { storage, catalog, jobs })
    : undefined;
  if (config.roles.includes("web")) {
    stages.use(
      await WebServer.start({
        host: config.httpHost,
        port: config.httpPort,
        links,
        catalog,
        storage,
        retentionDays: config.retentionDays,
        requestArchive: (id) => jobs?.requestArchive(id),
        readiness: () => ({ gateway: bot?.discord.ready ?? true, writer: bot?.writer.alive ?? true }),
        metrics: new Metrics({ version: version(), recorder: bot?.recorder }),
        log: createLog(config.logLevel, "web"),
      }),
    );
  }
  if (bot === undefined) return log.info({ roles: config.roles }, "ready");
  const { discord, recorder } = bot;
  await discord.serve({
    recorder,
    links,
    retentionDays: config.retentionDays,
    wentOn: async () => recovery?.wentOn(),
  });
  recovery?.goOnWith((left) => goOn(left, bot));
  recovery?.tellPeople((manifest) => discord.tellRecovered(manifest));
  log.info({ invite: inviteLink(discord.botUserId) }, "ready: join a voice channel and type /record start");
}

type RecordingStages = { readonly discord: Bot; readonly writer: WriterThread; readonly recorder: Recorder };

/** The stages that audio passes through, and the recorder that drives them. */
async function startRecording(
  stages: AsyncDisposableStack,
  config: Config,
  shared: { readonly storage: Storage; readonly catalog: Catalog; readonly jobs: JobStage | undefined },
): Promise<RecordingStages> {
  const { storage, catalog, jobs } = shared;
  const { logLevel } = config;
  const memory = frameQueue(config);
  const writer = stages.use(
    await WriterThread.start({ memory, log: createLog(logLevel, "writer"), logLevel }),
  );
  const discord = stages.use(
    await Bot.start({
      token: config.token ?? "",
      apiUrl: config.discordApiUrl,
      log: createLog(logLevel, "discord"),
      onRefused,
    }),
  );
  const { gateway, names, notices } = discord;
  const announcement = readFileSync(new URL("./capture/announcement.ogg", import.meta.url));
  const capture = stages.use(
    await CaptureThread.start({
      memory,
      gateway,
      announcement,
      log: createLog(logLevel, "capture"),
      logLevel,
    }),
  );
  const recorder = stages.use(
    await Recorder.start({
      capture,
      writer,
      catalog,
      names,
      notices,
      storage,
      announce: config.announcement,
      diskReserveBytes: config.diskReserveBytes,
      onOver: (manifest) => jobs?.recordingOver(manifest),
      log: createLog(logLevel, "recordings"),
    }),
  );
  return { discord, writer, recorder };
}

/** Records on where a dead process stopped, if there is still somebody to be recorded. */
async function goOn(left: LeftBehind, { discord, recorder }: RecordingStages): Promise<boolean> {
  const { guild, channel } = left.manifest;
  if (!discord.hasPeople(guild.id, channel.id)) return false;
  try {
    await recorder.resume(left, discord.botUserId);
    return true;
  } catch (error) {
    log.warn({ err: error, guild: guild.id }, "a recording could not go on; what there is of it is finished");
    return false;
  }
}

/** As large as configured, or as the machine or the container can well afford. */
function frameQueue(config: Config): FrameQueueMemory {
  const slots =
    config.queueSlots ?? slotsForMemory(Math.min(totalmem(), process.constrainedMemory() || Infinity));
  log.info(
    {
      slots,
      megabytesWhenFull: Math.round(queueBytes(slots) / 1_000_000),
      secondsOf25Speakers: Math.floor(queueSeconds(slots, 25)),
    },
    "frame queue: how long the disk may stall before audio is lost",
  );
  return createFrameQueueMemory(slots);
}

/** The first signal finishes the recordings and exits 0; a second one exits at once. */
function onSignal(signal: NodeJS.Signals): void {
  if (signalledMs !== undefined) {
    if (performance.now() - signalledMs > SAME_SIGNAL_MS) process.exit(130);
    return;
  }
  signalledMs = performance.now();
  log.info({ signal }, "stopping: running recordings are being finished");
  void stop(0);
}

/** Without Discord there is nothing to do: recordings are finished with what they have. */
function onRefused(error: RecorderError): void {
  log.fatal({ code: error.code, remedy: error.remedy }, error.message);
  console.error(`The recorder has to stop. ${error.explanation}`);
  void stop(CONFIG_CODES.has(error.code) ? EX_CONFIG : 1);
}

async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => {
    log.error("not everything could be finished in time; what has been written is valid");
    process.exit(1);
  }, SHUTDOWN_MS).unref();
  try {
    await stages.disposeAsync();
    log.info("stopped");
    process.exit(code);
  } catch (error) {
    log.error({ err: error }, "stopping failed; what has been written is valid");
    process.exit(1);
  }
}

/** Every fault of the configuration at once, or the guide where no token is given. */
function configOrExit(): Config {
  const result = readConfig(process.env);
  if (!result.ok) {
    console.error("The configuration is not right:\n");
    for (const { variable, problem } of result.faults) console.error(`  ${variable} ${problem}`);
    console.error("\nVariables come from the environment or from a file named .env; README.md lists them.");
    process.exit(EX_CONFIG);
  }
  const { roles, token } = result.config;
  if (roles.includes("bot") && token === undefined) {
    console.error(SETUP_GUIDE);
    process.exit(EX_CONFIG);
  }
  return result.config;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}
