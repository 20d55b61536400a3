/**
 * Where the whole bot's time goes: `node test/bench/flame-graph.ts <speakers> <file.svg>` profiles it with Linux' `perf`
 * while so many people talk under DAVE, and prints what has the largest shares.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CrowdProcess } from "./harness/crowd-process.ts";
import { NAMED_FRAMES, profile, samplesIn } from "./harness/perf-profile.ts";
import { startSubject } from "./harness/subject.ts";
import { addSample, emptyFlame, flameSvg } from "./report/flame-svg.ts";

/** Until what runs often is compiled. */
const WARM_UP_SECONDS = 15;
const SECONDS = 15;
const LISTED = 40;

const [speakers = "25", file = "flame-graph.svg"] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), "bench-flame-"));
const profiled = `${directory}.perf`;
try {
  await using crowd = await CrowdProcess.start(true, Number(speakers));
  await using subject = await startSubject("ours", { crowd, directory, environment: NAMED_FRAMES });
  const talking = crowd.talk(WARM_UP_SECONDS + SECONDS + 2);
  await sleep(WARM_UP_SECONDS * 1_000);
  await profile(subject.pid, SECONDS, profiled);
  const flame = emptyFlame();
  const shares = new Map<string, number>();
  for await (const stack of samplesIn(profiled)) {
    addSample(flame, stack);
    for (const name of new Set(stack)) shares.set(name, (shares.get(name) ?? 0) + 1);
  }
  writeFileSync(file, flameSvg(flame, `The whole bot, ${speakers} people talking under DAVE: CPU time`));
  const largest = [...shares].toSorted(([, a], [, b]) => b - a).slice(0, LISTED);
  for (const [name, samples] of largest)
    console.log(`${((samples / flame.samples) * 100).toFixed(1).padStart(5)} %  ${name}`);
  await talking;
  await subject.stop();
} finally {
  rmSync(directory, { recursive: true, force: true });
  rmSync(profiled, { force: true });
}
