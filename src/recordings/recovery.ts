import { readdir } from "node:fs/promises";
import type { Log } from "../log.ts";
import type { Catalog } from "./catalog.ts";
import { leftBehind, mayGoOn } from "./left-behind.ts";
import type { LeftBehind } from "./left-behind.ts";
import { isOver } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { isRecordingId } from "./recording-id.ts";
import { INTERRUPTED_CODE } from "./recovery-stage.ts";
import type { RecoveryOutcome, RecoveryStage } from "./recovery-stage.ts";
import type { Storage } from "./storage.ts";
import { Untold } from "./untold.ts";
import type { Teller } from "./untold.ts";

export type RecoveryOptions = {
  readonly catalog: Catalog;
  readonly storage: Storage;
  readonly stage: RecoveryStage;
  /** Called for each recording that is over and that nobody has looked after since. Must not throw. */
  readonly onOver: (manifest: Manifest) => void;
  /** A recording whose process died no longer ago than this may go on; 0: each is ended. */
  readonly goOnWithinMs: number;
  readonly log: Log;
};

/** Goes on with a recording; false where that is not possible, its folder then being as it was. */
export type GoOn = (left: LeftBehind) => Promise<boolean>;

/** What became of the folders, by their names. */
export type RecoveryReport = {
  readonly recovered: readonly string[];
  /** Whole, but not or not rightly in the catalog. */
  readonly indexed: readonly string[];
  readonly quarantined: readonly { readonly id: string; readonly place: string; readonly reason: string }[];
  /** Left as they are: to be tried again at the next start, or for a person to look at. */
  readonly kept: readonly { readonly id: string; readonly reason: string }[];
};

/**
 * Lives on the main thread. Brings folders and catalog together after a start: recordings that a dead process left are
 * finished, those that the catalog does not know or misjudges are told to it. Works on the folders that were there when
 * it began, so that it never meets a recording of this process, and in the background, one folder after another.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #recovered: string[] = [];
  readonly #indexed: string[] = [];
  readonly #quarantined: { id: string; place: string; reason: string }[] = [];
  readonly #kept: { id: string; reason: string }[] = [];
  readonly #untold: Untold;
  readonly #done: Promise<RecoveryReport>;
  /** What is to be recovered, once all that may go on is known. */
  readonly #broken: string[] = [];
  /** Recordings that may go on, until it is known whether they do. */
  readonly #fresh: Promise<void>[] = [];
  readonly #freshKnown = Promise.withResolvers<void>();
  readonly #goOn = Promise.withResolvers<GoOn>();
  #closed = false;

  private constructor(options: RecoveryOptions, ids: readonly string[], unfinished: readonly string[]) {
    this.#options = options;
    this.#untold = new Untold(options.storage, options.log);
    this.#done = this.#run(ids, unfinished);
  }

  /** Looks at what there is and begins. Before any recording of this process, by the holder of the bot's lock alone. */
  static async start(options: RecoveryOptions): Promise<Recovery> {
    const names = await readdir(options.storage.recordingsDirectory, { withFileTypes: true });
    const ids = names
      .filter((entry) => entry.isDirectory() && isRecordingId(entry.name))
      .map(({ name }) => name);
    return new Recovery(options, ids, await options.catalog.listUnfinished());
  }

  /** Resolves when every folder has been looked at, or it was closed. Never rejects. */
  get done(): Promise<RecoveryReport> {
    return this.#done;
  }

  /** Resolves when every recording that may go on does, or is recovered: none will begin by itself after that. Never rejects. */
  async wentOn(): Promise<void> {
    await this.#freshKnown.promise;
    await Promise.all(this.#fresh);
  }

  /** From now on people are told of recovered recordings, also of those of earlier starts that could reach nobody. */
  tellPeople(teller: Teller): void {
    this.#untold.tellTo(teller);
  }

  /** From now on recordings whose process died a moment ago go on with this; the others among them are recovered. Once. */
  goOnWith(goOn: GoOn): void {
    this.#goOn.resolve(goOn);
  }

  /** Breaks off what is under way, and begins no more folders: the next start goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#goOn.resolve(() => Promise.resolve(false));
    await this.#options.stage.close();
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(ids: readonly string[], unfinished: readonly string[]): Promise<RecoveryReport> {
    const { log } = this.#options;
    for (const id of ids) await this.#attempt(id, () => this.#lookAt(id));
    this.#freshKnown.resolve();
    // Behind the look at all: who is speaking now need not wait until what nobody adds to any more is in order.
    for (const id of this.#broken) await this.#attempt(id, () => this.#recover(id));
    const present = new Set(ids);
    for (const id of unfinished)
      if (!present.has(id)) await this.#attempt(id, () => this.#giveUp(id, FOLDER_GONE));
    await Promise.all(this.#fresh);
    await this.#options.stage.close();
    const report = {
      recovered: this.#recovered,
      indexed: this.#indexed,
      quarantined: this.#quarantined,
      kept: this.#kept,
    };
    const { recovered, indexed, quarantined, kept } = report;
    if (recovered.length + indexed.length + quarantined.length + kept.length > 0)
      log.warn(
        {
          recovered: recovered.length,
          indexed: indexed.length,
          quarantined: quarantined.length,
          kept: kept.length,
        },
        "recordings that were left by an earlier process have been seen to",
      );
    return report;
  }

  /** What fails for one recording is no reason to leave the others. */
  async #attempt(id: string, action: () => Promise<void>): Promise<void> {
    if (this.#closed) return;
    try {
      await action();
    } catch (error) {
      if (this.#closed) return;
      this.#options.log.error({ err: error }, "a recording that was left cannot be recovered now");
      this.#kept.push({ id, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async #lookAt(id: string): Promise<void> {
    const { storage } = this.#options;
    const manifest = await storage.readManifest(id).catch(() => undefined);
    if (manifest !== undefined && manifest.id === id) {
      if (isOver(manifest)) return this.#index(manifest);
      const left = await leftBehind(storage, manifest);
      if (mayGoOn(left, Date.now(), this.#options.goOnWithinMs)) {
        // Who is in the channel is known once the bot has logged in: the other folders need not wait for that.
        this.#fresh.push(this.#attempt(id, () => this.#goOnOrRecover(left)));
        return;
      }
    }
    this.#broken.push(id);
  }

  async #goOnOrRecover(left: LeftBehind): Promise<void> {
    const goOn = await this.#goOn.promise;
    if (this.#closed) return;
    if (mayGoOn(left, Date.now(), this.#options.goOnWithinMs) && (await goOn(left))) return;
    await this.#recover(left.manifest.id);
  }

  /** The folder is right: the catalog has to say the same. */
  async #index(manifest: Manifest): Promise<void> {
    const { catalog, onOver } = this.#options;
    const known = await catalog.find(manifest.id).catch(() => undefined);
    if (known === undefined || !isOver(known)) {
      await catalog.upsert(manifest);
      this.#indexed.push(manifest.id);
    }
    // Whoever ended it may have died before the work was ordered; ordered twice, it is done once.
    if (manifest.startedAtMs !== undefined && manifest.checked === undefined) onOver(manifest);
    await this.#untold.consider(manifest);
  }

  async #recover(id: string): Promise<void> {
    const { storage, catalog, stage } = this.#options;
    const known = await catalog.find(id).catch(() => undefined);
    const outcome = await stage.recover({
      id,
      directory: storage.directory(id),
      quarantineDirectory: storage.quarantineDirectory,
      known,
    });
    await this.#conclude(id, outcome);
  }

  async #conclude(id: string, outcome: RecoveryOutcome): Promise<void> {
    const { catalog, onOver, log } = this.#options;
    switch (outcome.kind) {
      case "recovered":
      case "restored": {
        const { manifest } = outcome;
        await catalog.upsert(manifest);
        (outcome.kind === "recovered" ? this.#recovered : this.#indexed).push(id);
        if (manifest.startedAtMs !== undefined) onOver(manifest);
        log.warn({ guild: manifest.guild.id, tracks: manifest.tracks.length }, "a recording was recovered");
        await this.#untold.consider(manifest);
        break;
      }
      case "quarantined": {
        const { place, reason } = outcome;
        this.#quarantined.push({ id, place, reason });
        log.error({ place, reason }, "a recording's folder makes no sense and was moved aside");
        await this.#giveUp(id, MOVED_ASIDE);
        break;
      }
      case "removed":
        await catalog.remove(id);
        break;
      case "kept":
        this.#kept.push({ id, reason: outcome.reason });
        log.error({ reason: outcome.reason }, "a recording's folder is left as it is");
        break;
    }
  }

  /** A row without a folder: it stays for as long as any, and says why there is nothing to hear. */
  async #giveUp(id: string, message: string): Promise<void> {
    await this.#options.catalog.fail(id, { code: INTERRUPTED_CODE, message });
  }
}

const FOLDER_GONE = "The recorder stopped unexpectedly, and the recording's folder is gone.";
const MOVED_ASIDE = "The recorder stopped unexpectedly, and what it left makes no sense; it was moved aside.";
