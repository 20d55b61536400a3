/** One recording whose bot is killed, once or twice, and what comes of it. */
import assert from "node:assert/strict";
import { isOver } from "../../src/recordings/manifest.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import { eventually, sleep } from "../support/wait.ts";
import { addressesOf, assertCatalogAgrees, assertServed, assertTracksAreWhole } from "./aftermath.ts";
import { DoomedRecording } from "./doomed-recording.ts";
import type { Death, Scene } from "./doomed-recording.ts";
import type { Kill } from "./kill-plan.ts";
import type { Span } from "./talk.ts";

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
/** As a share of the bot's own start, as in `doomed-recording.ts`. */
const RECOVERY_SHARE = 1.5;

/** The bot runs when this begins, and when it resolves. Rejects where anything is not as it must be. */
export async function killOnce(scene: Scene, kill: Kill): Promise<Outcome> {
  const { call, talkers } = scene;
  for (const { person } of talkers) await person.join();
  const recording = new DoomedRecording(call);
  const beganAtMs = Date.now();
  const { talking, stoppedAtMs, told } = await recording.leadUp(scene, kill);
  const deaths = [await recording.die()];
  const left = recording.manifest;
  const addresses = left?.startedAtMs === undefined ? undefined : await addressesOf(call, left);
  if (!kill.peopleStay) for (const { person } of talkers) await person.leave();
  if (kill.phase === "recovery") {
    await call.spawn();
    await sleep(kill.instant * scene.startupMs * RECOVERY_SHARE);
    deaths.push(await recording.die());
  }
  const waitedMs = scene.lag.worstMs(beganAtMs);
  const last = deaths.at(-1)?.manifest;
  const restartedAtMs = Date.now();
  await call.restart();
  scene.startupMs = Date.now() - restartedAtMs;

  const goesOn = kill.peopleStay && last !== undefined && isRunning(last);
  if (goesOn) await recording.heardSince(restartedAtMs);
  const said = await talking;
  const bursts = goesOn ? await recording.speakAndStop(talkers) : [];
  await eventually(
    "it is over",
    () => recording.manifest === undefined || isOver(recording.manifest),
    WAIT_MS,
  );
  for (const { person } of talkers) await person.leave();
  // Discord, too, takes a dead process's seat away after a while.
  call.discord.botVoice.leave();
  await assertCatalogAgrees(call);
  const { manifest } = recording;
  const hit = hitOf(kill, deaths, stoppedAtMs);
  if (manifest?.startedAtMs === undefined) {
    assert.equal(told, false, "people were told of a recording that is not there");
    return { hit, fate: "none", lostMs: [], movedMs: [] };
  }
  await assertTracksAreWhole(call, manifest);
  if (addresses !== undefined) await assertServed(call, manifest.id, addresses);

  const spans = spansOf(deaths, stoppedAtMs);
  const lost = talkers.map((talker, index) => recording.lostOf(talker, [said[index], bursts[index]], spans));
  for (const gone of lost)
    if (gone !== undefined)
      assert.ok(
        msOf(gone) <= MOST_LOST_MS + waitedMs,
        `of a voice are lost: ${inWords(gone, deaths)}; this process waited for ${waitedMs} ms`,
      );
  const moved = goesOn
    ? talkers.map((talker, index) => recording.movedMs(talker, said[index], bursts[index]))
    : [];
  for (const ms of moved)
    if (ms !== undefined)
      assert.ok(
        ms <= MOST_MOVED_MS + waitedMs,
        `what follows has moved by ${ms} ms; this process waited for ${waitedMs} ms`,
      );
  return {
    hit,
    fate: goesOn ? "resumed" : manifest.recovered === true ? "recovered" : "had ended",
    lostMs: lost.filter((gone) => gone !== undefined).map(msOf),
    movedMs: moved.filter((ms) => ms !== undefined),
  };
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
