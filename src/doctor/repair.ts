/** What the next start of the bot would do about recordings that were left, done now and without Discord. */
import type { Config } from "../config.ts";
import { JobStage } from "../job-stage.ts";
import { createLog } from "../log.ts";
import { Catalog } from "../recordings/catalog.ts";
import { lockInstance } from "../recordings/instance-lock.ts";
import { Recovery } from "../recordings/recovery.ts";
import { Storage } from "../recordings/storage.ts";
import { RecoveryThread } from "../writer/recovery/recovery-thread.ts";
import { good, note, wrong } from "./finding.ts";
import type { Finding } from "./finding.ts";

/**
 * Recovers folders and catalog, and orders the work after a recording. Rejects with `E-DATA-DIR-IN-USE` while a bot runs on
 * the folder, which does this itself. People are told at the bot's next start.
 */
export async function repair(config: Config): Promise<readonly Finding[]> {
  const storage = new Storage(config.dataDir);
  await storage.prepare();
  await using stages = new AsyncDisposableStack();
  stages.use(lockInstance(config.dataDir));
  const catalog = stages.use(await Catalog.open(config.dataDir, { damage: "replace" }));
  // It orders, and leaves the work to whoever has the role.
  const jobs = stages.use(
    await JobStage.start({ ...config, roles: ["bot"] }, { catalog, storage, crashing: () => false }),
  );
  const recovery = stages.use(
    await Recovery.start({
      catalog,
      storage,
      stage: new RecoveryThread(),
      goOnWithinMs: 0,
      onOver: (manifest) => jobs.recordingOver(manifest),
      log: createLog("silent", "doctor"),
    }),
  );
  const { recovered, indexed, quarantined, kept } = await recovery.done;
  return [
    ...(catalog.replaced === undefined
      ? []
      : [good(`The catalog was damaged, is now ${catalog.replaced}, and was made anew`)]),
    ...recovered.map((id) => good(`Recovered: ${storage.directory(id)}`)),
    ...indexed.map((id) => good(`In the catalog again: ${storage.directory(id)}`)),
    ...quarantined.map(({ place, reason }) =>
      note(`Moved aside to ${place}: ${reason}`, "Look whether its tracks/ hold anything you miss."),
    ),
    ...kept.map(({ id, reason }) =>
      wrong(
        `Left as it is: ${storage.directory(id)}: ${reason}`,
        "See to what is said there, then run this again.",
      ),
    ),
  ];
}
