/** One recording whose bot is killed, once or twice, and what comes of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isOver } from "../../src/recordings/manifest.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import type { Call } from "../support/call.ts";
import { fullText, trackLinks } from "../support/call.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel } from "../support/wav-readers.ts";
import { addressesOf, assertCatalogAgrees, assertServed, assertTracksAreWhole } from "./aftermath.ts";
import type { Kill } from "./kill-plan.ts";
import type { Lag } from "./lag.ts";
import { lostOf, onsetDelayMs } from "./talk.ts";
import type { Span, Talker, Utterance } from "./talk.ts";

/** What a kill hit, which may be something else than what it was meant for; `over`: the recording had ended. */
export type Hit = "start" | "recording" | "checkpoint" | "finish" | "recovery" | "over";

export type Outcome = {
  readonly hit: Hit;
  /** What became of the recording; `none`: it had not begun. */
  readonly fate: "none" | "recovered" | "resumed" | "had ended";
  /** What is missing of each person, over all deaths; of those of whom something was said that can be missing. */
  readonly lostMs: readonly number[];
  /** How far each person has moved on their track, where the recording went on. */
  readonly movedMs: readonly number[];
};

/** What a death may cost of each voice: the promise. */
const MOST_LOST_MS = 2_000;
/** Two processes' clocks, and a machine that is too busy to take a packet when it comes. */
const MOST_MOVED_MS = 250;

const WAIT_MS = 60_000;
/** What the phases last, as shares of the bot's own start, which tells how busy the machine is. */
const START_SHARE = 1;
const FINISH_SHARE = 0.1;
const RECOVERY_SHARE = 1.5;
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

/** The bot runs when this begins, and when it resolves. Rejects where anything is not as it must be. */
export async function killOnce(scene: Scene, kill: Kill): Promise<Outcome> {
  const { call, talkers } = scene;
  for (const { person } of talkers) await person.join();
  const life = new Life(call);
  const beganAtMs = Date.now();
  const { talking, stoppedAtMs, told } = await life.leadUp(scene, kill);
  const deaths = [await life.die()];
  const left = life.manifest;
  const addresses = left?.startedAtMs === undefined ? undefined : await addressesOf(call, left);
  if (!kill.peopleStay) for (const { person } of talkers) await person.leave();
  if (kill.phase === "recovery") {
    await call.spawn();
    await sleep(kill.instant * scene.startupMs * RECOVERY_SHARE);
    deaths.push(await life.die());
  }
  const last = deaths.at(-1)?.manifest;
  const restartedAtMs = Date.now();
  await call.restart();
  scene.startupMs = Date.now() - restartedAtMs;

  const goesOn = kill.peopleStay && last !== undefined && isRunning(last);
  if (goesOn) await life.heardSince(restartedAtMs);
  const said = await talking;
  const bursts = goesOn ? await life.speakAndStop(talkers) : [];
  await eventually("it is over", () => life.manifest === undefined || isOver(life.manifest), WAIT_MS);
  for (const { person } of talkers) await person.leave();
  // Discord, too, takes a dead process's seat away after a while.
  call.discord.botVoice.leave();
  await assertCatalogAgrees(call);
  const { manifest } = life;
  const hit = hitOf(kill, deaths, stoppedAtMs);
  if (manifest?.startedAtMs === undefined) {
    assert.equal(told, false, "people were told of a recording that is not there");
    return { hit, fate: "none", lostMs: [], movedMs: [] };
  }
  await assertTracksAreWhole(call, manifest);
  if (addresses !== undefined) await assertServed(call, manifest.id, addresses);

  const waitedMs = scene.lag.worstMs(beganAtMs);
  const spans = spansOf(deaths, stoppedAtMs);
  const lost = talkers.map((talker, index) => life.lostOf(talker, [said[index], bursts[index]], spans));
  for (const gone of lost)
    if (gone !== undefined)
      assert.ok(
        msOf(gone) <= MOST_LOST_MS + waitedMs,
        `of a voice are lost: ${inWords(gone, deaths)}; this process waited for ${waitedMs} ms`,
      );
  const moved = goesOn
    ? talkers.map((talker, index) => life.movedMs(talker, said[index], bursts[index]))
    : [];
  for (const ms of moved)
    if (ms !== undefined) assert.ok(ms <= MOST_MOVED_MS, `what follows has moved by ${ms} ms`);
  return {
    hit,
    fate: goesOn ? "resumed" : manifest.recovered === true ? "recovered" : "had ended",
    lostMs: lost.filter((gone) => gone !== undefined).map(msOf),
    movedMs: moved.filter((ms) => ms !== undefined),
  };
}

/** A death, and what the folder said then. */
type Death = { readonly atMs: number; readonly manifest: Manifest | undefined };

type LeadUp = {
  readonly talking: Promise<readonly Utterance[]>;
  /** When `/record stop` was given; Infinity where it was not. */
  readonly stoppedAtMs: number;
  /** Whether people had been told that they are recorded. */
  readonly told: boolean;
};

/** The recording that begins with this. */
class Life {
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

function msOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** Each span by how long before the last death it began, and how long it is. */
function inWords(spans: readonly Span[], deaths: readonly Death[]): string {
  const diedAtMs = deaths.at(-1)?.atMs ?? 0;
  return spans
    .map(({ fromMs, toMs }) => `${Math.round(toMs - fromMs)} ms from ${Math.round(fromMs - diedAtMs)} ms on`)
    .join(", ");
}

function isRunning({ state, startedAtMs }: Manifest): boolean {
  return (state === "recording" || state === "reconnecting") && startedAtMs !== undefined;
}

/** When people could be heard: from the start to the first death, and in each later process from where it heard them. */
function spansOf(deaths: readonly Death[], stoppedAtMs: number): readonly Span[] {
  return deaths.flatMap(({ atMs, manifest }, index) => {
    if (index === 0) return [{ fromMs: 0, toMs: Math.min(atMs, stoppedAtMs) }];
    const { startedAtMs = 0, interruptions = [] } = manifest ?? {};
    const { toSamples } = interruptions.at(-1) ?? {};
    return toSamples === undefined ? [] : [{ fromMs: startedAtMs + toSamples / 48, toMs: atMs }];
  });
}

function hitOf({ phase }: Kill, deaths: readonly Death[], stoppedAtMs: number): Hit {
  const [first] = deaths;
  if (first?.manifest === undefined || first.manifest.startedAtMs === undefined) return "start";
  if (isOver(first.manifest)) return "over";
  if (deaths.length > 1) return "recovery";
  if (stoppedAtMs < first.atMs) return "finish";
  return phase === "checkpoint" ? "checkpoint" : "recording";
}
