/** A recording whose bot is killed: what leads up to that, and what its folder holds. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Manifest } from "../../src/recordings/manifest.ts";
import type { Call } from "../support/call.ts";
import { fullText, trackLinks } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";
import type { Kill } from "./kill-plan.ts";
import type { Lag } from "./lag.ts";
import { lostOf, onsetDelayMs } from "./talk.ts";
import type { Span, Talker, Utterance } from "./talk.ts";

const WAIT_MS = 60_000;
/** What the phases last, as shares of the bot's own start, which tells how busy the machine is. */
const START_SHARE = 1;
const FINISH_SHARE = 0.05;
const RECORDING_MS = { from: 400, to: 4_400 };
/** On the recording's clock: around the step at which the files grow. */
const CHECKPOINT_MS = { from: 4_700, to: 5_500 };
const TALK_MS = 1_200;
/** Whoever stays talks on for so long after the kill. */
const TALK_ON_MS = 500;
/** So long are people quiet before they speak again, for that to be a new beginning. */
const PAUSE_MS = 400;
const BURST_SECONDS = 0.6;

export type Scene = {
  readonly call: Call;
  readonly talkers: readonly [Talker, Talker];
  readonly lag: Lag;
  /** How long the bot took to start the last time. */
  startupMs: number;
};

/** A death, and what the folder said then. */
export type Death = { readonly atMs: number; readonly manifest: Manifest | undefined };

type LeadUp = {
  readonly talking: Promise<readonly Utterance[]>;
  /** When `/record stop` was given; Infinity where it was not. */
  readonly stoppedAtMs: number;
  /** Whether people had been told that they are recorded. */
  readonly told: boolean;
};

/** The recording that begins after this is made. */
export class DoomedRecording {
  readonly #call: Call;
  readonly #earlier: ReadonlySet<string>;

  constructor(call: Call) {
    this.#call = call;
    this.#earlier = new Set(call.manifests.map(({ id }) => id));
  }

  /** As its folder has it; undefined where there is none. */
  get manifest(): Manifest | undefined {
    return this.#call.manifests.find(({ id }) => !this.#earlier.has(id));
  }

  async die(): Promise<Death> {
    const atMs = Date.now();
    const { signal } = await this.#call.bot.stop("SIGKILL");
    assert.equal(signal, "SIGKILL", "it was killed");
    return { atMs, manifest: this.manifest };
  }

  /** Everything until the instant of the kill. */
  async leadUp({ talkers, startupMs }: Scene, { phase, instant }: Kill): Promise<LeadUp> {
    const { discord } = this.#call;
    const host = talkers[0].person;
    const talk = (ms: number): Promise<Utterance[]> =>
      Promise.all(talkers.map((talker) => talker.say((ms + TALK_ON_MS) / 1000)));
    let told = false;
    const starting = discord.command(host, "record start").then(async (reply) => {
      await reply.until(({ content }) => /Recording/.test(content), WAIT_MS);
      told = true;
    });
    if (phase === "start") {
      starting.catch(() => undefined); // it is killed before it can answer
      const waitMs = instant * startupMs * START_SHARE;
      const talking = talk(waitMs);
      await sleep(waitMs);
      return { talking, stoppedAtMs: Infinity, told };
    }
    await starting;
    const beginMs = Date.now();
    const killAtMs = this.#killAtMs(phase, instant, beginMs, startupMs);
    const talking = talk(killAtMs - beginMs);
    let stoppedAtMs = Infinity;
    if (phase === "finish") {
      await sleep(TALK_MS);
      stoppedAtMs = Date.now();
      discord.command(host, "record stop").catch(() => undefined); // as above
    }
    await sleep(Math.max(0, killAtMs - Date.now()));
    return { talking, stoppedAtMs, told };
  }

  #killAtMs(phase: Kill["phase"], instant: number, beginMs: number, startupMs: number): number {
    const within = ({ from, to }: { readonly from: number; readonly to: number }): number =>
      from + instant * (to - from);
    if (phase === "recording") return beginMs + within(RECORDING_MS);
    if (phase === "checkpoint") return (this.manifest?.startedAtMs ?? beginMs) + within(CHECKPOINT_MS);
    return beginMs + TALK_MS + instant * (phase === "finish" ? startupMs * FINISH_SHARE : TALK_MS);
  }

  /** Waits until the recording goes on, in the process that was started then. */
  async heardSince(restartedAtMs: number): Promise<void> {
    const hears = (): boolean => {
      const { startedAtMs = 0, interruptions = [] } = this.manifest ?? {};
      const { toSamples } = interruptions.at(-1) ?? {};
      return toSamples !== undefined && startedAtMs + toSamples / 48 > restartedAtMs;
    };
    await eventually("the recording goes on by itself", hears, WAIT_MS);
  }

  /** People say a last thing, and end it as they would. */
  async speakAndStop(talkers: readonly Talker[]): Promise<readonly Utterance[]> {
    await sleep(PAUSE_MS);
    const bursts = await Promise.all(talkers.map((talker) => talker.say(BURST_SECONDS)));
    const host = talkers[0]?.person;
    assert.ok(host !== undefined);
    const stop = await this.#call.discord.command(host, "record stop");
    await stop.until((reply) => trackLinks(fullText(reply)).size === talkers.length, WAIT_MS);
    return bursts;
  }

  /** Undefined where nothing was said within the spans. */
  lostOf(
    talker: Talker,
    utterances: readonly (Utterance | undefined)[],
    spans: readonly Span[],
  ): readonly Span[] | undefined {
    const startedAtMs = this.manifest?.startedAtMs ?? 0;
    const track = this.#trackOf(talker);
    const losses = utterances
      .filter((utterance) => utterance !== undefined)
      .flatMap((utterance) => spans.map((span) => lostOf(track, startedAtMs, utterance, span)))
      .filter((lost) => lost !== undefined);
    return losses.length === 0 ? undefined : losses.flat();
  }

  /** Undefined where the beginning of the first was not recorded. Throws where that of the second was not. */
  movedMs(talker: Talker, first: Utterance | undefined, second: Utterance | undefined): number | undefined {
    const startedAtMs = this.manifest?.startedAtMs ?? 0;
    if (first === undefined || second === undefined || (first.sentAtMs[0] ?? 0) < startedAtMs)
      return undefined;
    const track = this.#trackOf(talker);
    const before = onsetDelayMs(track, startedAtMs, first);
    const after = onsetDelayMs(track, startedAtMs, second);
    assert.ok(after !== undefined, `${talker.person.name} is heard again on the same track`);
    return before === undefined ? undefined : Math.abs(after - before);
  }

  /** Silence where there is no track: nothing of that person was received. */
  #trackOf({ person }: Talker): Float64Array {
    const { id = "", tracks = [] } = this.manifest ?? {};
    const file = tracks.find(({ userId }) => userId === person.id)?.file;
    if (file === undefined) return new Float64Array();
    return firstChannel(join(this.#call.dataDir, "recordings", id, "tracks", file));
  }
}
