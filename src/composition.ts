import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { z } from "zod";
import { recordCommand } from "../commands/record.ts";
import { CaptureThread } from "./capture/capture-thread.ts";
import type { Config } from "./config.ts";
import { Bot } from "./discord/bot.ts";
import type { RecorderError } from "./errors.ts";
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
import { inviteLink } from "./setup-guide.ts";
import { loadLinkSecret } from "./web/link-secret.ts";
import { Links } from "./web/links.ts";
import { Metrics } from "./web/metrics.ts";
import { WebServer } from "./web/server.ts";
import { RecoveryThread } from "./writer/recovery/recovery-thread.ts";
import { WriterThread } from "./writer/writer-thread.ts";

/** What the stages need of the process they run in. */
export type HostProcess = {
  readonly log: Log;
  /** Without Discord there is nothing to do: the process has to end. */
  readonly onRefused: (error: RecorderError) => void;
  /** Whether it ends by an exception that nobody caught. */
  readonly crashing: () => boolean;
};

/**
 * Starts the stages of this process's roles, sink first: disposing of the stack stops them source first, so that audio
 * drains downstream. Rejects with `RecorderError`; what stands then is in the stack.
 */
export async function startStages(
  stages: AsyncDisposableStack,
  config: Config,
  host: HostProcess,
): Promise<void> {
  const { log } = host;
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
  const jobs = stages.use(await JobStage.start(config, { catalog, storage, crashing: host.crashing }));
  // Before any recording of this process; it goes on in the background, and is no reason to keep people waiting.
  const recovery = config.roles.includes("bot")
    ? stages.use(
        await Recovery.start({
          catalog,
          storage,
          stage: new RecoveryThread(),
          onOver: (manifest) => jobs.recordingOver(manifest),
          goOnWithinMs: config.resumeWithinMs,
          log: createLog(config.logLevel, "recovery"),
        }),
      )
    : undefined;
  const bot = config.roles.includes("bot")
    ? await startRecording(stages, config, host, { storage, catalog, jobs })
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
        requestArchive: (id) => jobs.requestArchive(id),
        readiness: () => ({ gateway: bot?.discord.ready ?? true, writer: bot?.writer.alive ?? true }),
        metrics: new Metrics({ version: version(), recorder: bot?.recorder }),
        log: createLog(config.logLevel, "web"),
      }),
    );
  }
  if (bot === undefined) return log.info({ roles: config.roles }, "ready");
  const { discord, recorder } = bot;
  const { retentionDays } = config;
  const { botUserId, notices } = discord;
  const wentOn = async (): Promise<void> => recovery?.wentOn();
  const record = recordCommand({ recorder, links, retentionDays, notices, botUserId, wentOn });
  await discord.serve({ recorder, commands: [record], links, retentionDays });
  recovery?.goOnWith((left) => goOn(left, bot, log));
  recovery?.tellPeople((manifest) => discord.tellRecovered(manifest));
  log.info({ invite: inviteLink(botUserId) }, "ready: join a voice channel and type /record start");
}

type RecordingStages = { readonly discord: Bot; readonly writer: WriterThread; readonly recorder: Recorder };

/** The stages that audio passes through, and the recorder that drives them. */
async function startRecording(
  stages: AsyncDisposableStack,
  config: Config,
  host: HostProcess,
  shared: { readonly storage: Storage; readonly catalog: Catalog; readonly jobs: JobStage },
): Promise<RecordingStages> {
  const { storage, catalog, jobs } = shared;
  const { logLevel } = config;
  const memory = frameQueue(config, host.log);
  const writer = stages.use(
    await WriterThread.start({ memory, log: createLog(logLevel, "writer"), logLevel }),
  );
  const discord = stages.use(
    await Bot.start({
      token: config.token ?? "",
      apiUrl: config.discordApiUrl,
      log: createLog(logLevel, "discord"),
      onRefused: host.onRefused,
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
      onOver: (manifest) => jobs.recordingOver(manifest),
      log: createLog(logLevel, "recordings"),
    }),
  );
  return { discord, writer, recorder };
}

/** Records on where a dead process stopped, if there is still somebody to be recorded. */
async function goOn(left: LeftBehind, { discord, recorder }: RecordingStages, log: Log): Promise<boolean> {
  const { guild, channel } = left.manifest;
  if (!discord.hasPeople(guild.id, channel.id)) return false;
  try {
    await recorder.resume(left, discord.botUserId);
    discord.lookAgain(guild.id);
    return true;
  } catch (error) {
    log.warn({ err: error, guild: guild.id }, "a recording could not go on; what there is of it is finished");
    return false;
  }
}

/** As large as configured, or as the machine or the container can well afford. */
function frameQueue(config: Config, log: Log): FrameQueueMemory {
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

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return z.object({ version: z.string() }).parse(manifest).version;
}
