/**
 * A process that records numbered samples of `tracks` people in real time and tells its progress, one JSON line per
 * round on standard output. The scenario is its first argument, the folder its second.
 */
import fs from "node:fs";
import { FRAME_SAMPLES } from "../../src/audio/pcm.ts";
import { queueLevels } from "../../src/queue/frame-queue.ts";
import { eventually, manifestOf, WriterSetup } from "./recording-setup.ts";

const [scenario, directory] = process.argv.slice(2);
const trigger = process.env["FAULTY_DISK"];
const setup = await WriterSetup.start({ directory: directory! });
const tell = (line: object): void => void fs.writeSync(1, `${JSON.stringify(line)}\n`);

/** Offers frames of these tracks as time passes; the position it got to. */
async function speak(tracks: number, from: number, durationMs: number): Promise<number> {
  const started = performance.now();
  const end = from + durationMs * 48;
  let at = from;
  while (at < end) {
    const now = from + (performance.now() - started) * 48;
    for (; at <= now && at < end; at += FRAME_SAMPLES) {
      for (let track = 1; track <= tracks; track++) setup.offer(1, track, 1, at);
    }
    tell({ offered: at });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return at;
}

const failureOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error) => error.code,
  );

await setup.open(1, 1);
if (scenario === "until killed") await speak(3, 0, 60_000);
if (scenario === "stalled disk") {
  let at = await speak(10, 0, 500);
  fs.writeFileSync(trigger!, "stall");
  at = await speak(10, at, 5_000);
  const { queuedFrames, refusedFrames } = queueLevels(setup.memory);
  fs.rmSync(trigger!);
  const tracks = await setup.writer.close(1, { lengthSamples: at, fence: setup.producer.tail });
  tell({ queuedFrames, refusedFrames, lengthSamples: at, tracks });
}
if (scenario === "stalled forcing") {
  fs.writeFileSync(trigger!, "stall forcing");
  const at = await speak(10, 0, 1_000);
  await setup.drained();
  const closing = setup.writer.close(1, { lengthSamples: at, fence: setup.producer.tail });
  const soon = new Promise<string>((resolve) => setTimeout(resolve, 300, "stalled"));
  const before = await Promise.race([closing, soon]);
  // Another recording, while the end of the first one is being forced.
  await setup.open(2, 1);
  setup.offer(2, 1, 1, 0);
  await setup.drained();
  fs.rmSync(trigger!);
  tell({ before, lengthSamples: at, tracks: await closing });
}
if (scenario === "thread dies once") {
  const people = ["Zoë", "1002"].map((name, index) => ({
    track: index + 1,
    userId: `100${index + 1}`,
    name,
  }));
  await setup.writer.writeManifest(1, manifestOf("id-1", 1, people));
  setup.writer.nameTrack(1, 1, "Zoë");
  let at = await speak(2, 0, 500);
  fs.writeFileSync(trigger!, "die once");
  const diedAt = at;
  at = await speak(2, at, 1_000);
  const died = !fs.existsSync(trigger!);
  await eventually(() => setup.events.length > 0);
  fs.writeFileSync(trigger!, "die once");
  // Dies with the call in its hands: the next thread must answer it.
  const tracks = await setup.writer.close(1, { lengthSamples: at, fence: setup.producer.tail });
  const diedAgain = !fs.existsSync(trigger!);
  await setup.writer.release(1);
  tell({ died, diedAgain, diedAt, lengthSamples: at, events: setup.events, tracks });
}
if (scenario === "thread dies over again") {
  let at = await speak(2, 0, 500);
  fs.writeFileSync(trigger!, "die once");
  const talking = speak(2, at, 2_000);
  // Again before the next thread has taken up anything.
  await eventually(() => !fs.existsSync(trigger!));
  fs.writeFileSync(trigger!, "die once");
  at = await talking;
  const diedAgain = !fs.existsSync(trigger!);
  const tracks = await setup.writer.close(1, { lengthSamples: at, fence: setup.producer.tail });
  tell({ diedAgain, lengthSamples: at, events: setup.events, tracks });
}
if (scenario === "thread keeps dying") {
  await speak(1, 0, 500);
  fs.writeFileSync(trigger!, "die");
  setup.offer(1, 1, 1, 48_000);
  const close = setup.writer.close(1, { lengthSamples: 96_000, fence: setup.producer.tail });
  const failures = [await failureOf(close), await failureOf(setup.writer.release(1))];
  fs.rmSync(trigger!);
  await setup.open(2, 1);
  setup.offer(2, 1, 1, 0);
  const tracks = await setup.writer.close(2, { lengthSamples: 960, fence: setup.producer.tail });
  tell({ failures, events: setup.events, alive: setup.writer.alive, tracks });
}
await setup.writer.close();
