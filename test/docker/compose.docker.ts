/** `npm run test:docker`: the compose file, really built and started, with a simulated call reached over Docker's bridge. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { PermissionFlagsBits } from "discord-api-types/v10";
import { SAMPLE_RATE } from "../../src/audio/pcm.ts";
import type { Interaction } from "../simulator/interaction.ts";
import { longToneSpeech, toneSpeech } from "../simulator/people/speech.ts";
import type { Person } from "../simulator/person.ts";
import { SimulatedDiscord } from "../simulator/simulated-discord.ts";
import { fullText, trackLinks } from "../support/call.ts";
import { rms, soundingSpan, toneAmplitude } from "../support/tones.ts";
import { eventually, sleep } from "../support/wait.ts";
import { firstChannel, readWithWavefile } from "../support/wav-readers.ts";
import { Deployment } from "./deployment.ts";
import { docker, findEngine } from "./engine.ts";

const engine = await findEngine();
const skip = typeof engine === "string" ? engine : false;

const ready = (deployment: Deployment) =>
  eventually(
    "the recorder in its container is ready",
    async () => {
      const response = await fetch(`${deployment.baseUrl}/readyz`).catch(() => undefined);
      await response?.arrayBuffer().catch(() => undefined);
      return response?.status === 200;
    },
    60_000,
  );

test("the compose file deploys a recorder that keeps its promises", { skip, timeout: 900_000 }, async (t) => {
  if (typeof engine === "string") return;
  const say = (text: string) => t.diagnostic(text);
  const timed = async (what: string, work: () => Promise<unknown>) => {
    const before = performance.now();
    await work();
    say(`${what}: ${((performance.now() - before) / 1000).toFixed(1)} s`);
  };
  say(`Docker engine ${engine.version}; the simulated Discord listens on its bridge, ${engine.bridge}`);
  await using discord = await SimulatedDiscord.start({ dave: true, host: engine.bridge });
  await using deployment = await Deployment.prepare(discord);
  const anna = discord.addPerson("Anna");
  anna.grant(PermissionFlagsBits.ManageGuild);
  const people: readonly { readonly person: Person; readonly hz: number }[] = [
    { person: anna, hz: 440 },
    { person: discord.addPerson("Ben"), hz: 660 },
  ];
  const talk = (seconds: number) =>
    Promise.all(people.map(({ person, hz }) => person.say(toneSpeech(hz, seconds))));
  /** Begins a recording and two people's speech in it; resolves two seconds into that. */
  const inMidRecording = async (title: string) => {
    const reply = await discord.command(anna, "record start", { title });
    await reply.until(({ content }) => /record/i.test(content));
    const before = people.map(({ person }) => person.sent.length);
    const talking = talk(5);
    await eventually("both have talked for two seconds", () =>
      people.every(({ person }, index) => person.sent.length > (before[index] ?? 0) + 100),
    );
    return { talking };
  };

  await t.test("one command builds and starts everything, until it is healthy", async () => {
    await timed("image built", () => deployment.compose("build"));
    const size = Number(await docker(["image", "inspect", "--format", "{{.Size}}", deployment.name]));
    say(`image size: ${Math.round(size / 1e6)} MB`);
    await timed("up and healthy", () => deployment.compose("up", "--detach", "--wait"));
    await ready(deployment);
  });

  await t.test("the container has no more rights and tools than it needs", async () => {
    assert.equal(
      await deployment.inspect("{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}"),
      "node true [ALL]",
    );
    const inside = (command: string) => deployment.compose("exec", "-T", "recorder", "sh", "-c", command);
    assert.equal(
      await inside("id -u; touch /app/x /etc/x 2>/dev/null; ls /app/x /etc/x 2>/dev/null; true"),
      "1000",
    );
    const tools = "for tool in gcc g++ make python3; do command -v $tool; done; ls node_modules/node; true";
    assert.equal(await inside(`{ ${tools}; } 2>/dev/null`), "");
  });

  await t.test("a second bot on the same volume refuses and the first goes on", async () => {
    const second = await deployment.tryCompose("run", "--rm", "-T", "--no-deps", "recorder");
    assert.equal(second.code, 78, second.stdout + second.stderr);
    assert.match(second.stderr, /E-DATA-DIR-IN-USE/);
    await ready(deployment);
  });

  for (const { person } of people) await person.join();

  /** The ZIP behind the answer's link, once it is there. */
  const zipOf = (answer: Interaction) => {
    const link = /https?:[^\s>]+\/archive\.zip\?[^\s>]+/.exec(fullText(answer))?.[0] ?? "";
    assert.ok(link.startsWith(deployment.baseUrl), fullText(answer));
    return eventually("the ZIP is there", async () => {
      await sleep(250);
      const response = await fetch(link);
      const bytes = Buffer.from(await response.arrayBuffer());
      return response.status === 200 && bytes;
    });
  };

  await t.test(
    "a call is recorded; its tracks and ZIP come through the published port, in sync",
    async () => {
      const start = await discord.command(anna, "record start", { title: "Whole" });
      await start.until(({ content }) => /record/i.test(content));
      await talk(3);
      const stop = await discord.command(anna, "record stop");
      const answer = await stop.until((reply) => trackLinks(fullText(reply)).size === 2);
      const { manifest } = await deployment.copyRecording("Whole");
      assert.equal(manifest.state, "finished");
      const zip = await zipOf(answer);
      const starts: number[] = [];
      for (const [number, link] of trackLinks(fullText(answer))) {
        assert.ok(link.startsWith(deployment.baseUrl), link);
        const response = await fetch(link);
        assert.equal(response.status, 200);
        const path = deployment.path(`track-${number}.wav`);
        writeFileSync(path, Buffer.from(await response.arrayBuffer()));
        assert.equal(readWithWavefile(path).samples, manifest.lengthSamples);
        assert.ok(
          zip.includes(readFileSync(path).subarray(-4 * SAMPLE_RATE)),
          `track ${number} is in the ZIP`,
        );
        const userId = manifest.tracks.find(({ track }) => track === number)?.userId;
        const speaker = people.find(({ person }) => person.id === userId);
        assert.ok(speaker !== undefined, `track ${number} belongs to one of them`);
        const samples = firstChannel(path);
        const span = soundingSpan(samples);
        assert.ok(span !== undefined, `${speaker.person.name} is heard`);
        starts.push(span.first / SAMPLE_RATE);
        const voice = samples.subarray(span.first, span.first + 2 * SAMPLE_RATE);
        assert.ok(toneAmplitude(voice, speaker.hz) > 0.9 * Math.SQRT2 * rms(voice), `${speaker.hz} Hz alone`);
      }
      assert.ok(Math.abs((starts[0] ?? 0) - (starts[1] ?? 9)) < 0.03, `people apart: ${starts.join(", ")} s`);
      assert.deepEqual(discord.problems, []);
    },
  );

  await t.test("killed in the middle of a recording, the volume holds WAVs that can be read", async () => {
    const { talking } = await inMidRecording("Killed");
    await deployment.compose("kill", "recorder");
    assert.equal(await deployment.inspect("{{.State.ExitCode}}"), "137");
    await talking;
    const { tracks } = await deployment.copyRecording("Killed");
    assert.equal(tracks.length, 2);
    for (const path of tracks) {
      const span = soundingSpan(firstChannel(path));
      assert.ok(span !== undefined && span.last - span.first > SAMPLE_RATE, `speech in ${path}`);
    }
  });

  await t.test(
    "started again, it goes on with the recording, and finishes it when it is stopped",
    async () => {
      await timed("started again after the kill", async () => {
        await deployment.compose("up", "--detach");
        await ready(deployment);
      });
      await eventually("people are heard again", async () =>
        (await discord.command(anna, "record status")).content.startsWith("🔴 Recording"),
      );
      // However long Docker takes to pass the signal on.
      const talking = Promise.all(people.map(({ person, hz }) => person.say(longToneSpeech(hz))));
      await sleep(3_000);
      await timed("stopped in mid-recording", () => deployment.compose("stop", "recorder"));
      assert.equal(await deployment.inspect("{{.State.ExitCode}}"), "0");
      for (const { person } of people) await person.leave();
      await talking;
      const { manifest, tracks } = await deployment.copyRecording("Killed");
      assert.equal(manifest.state, "finished");
      assert.equal(tracks.length, 2);
      for (const path of tracks) {
        const samples = firstChannel(path);
        assert.equal(samples.length, manifest.lengthSamples);
        assert.ok(rms(samples.subarray(-SAMPLE_RATE)) > 0.05, `${path} goes on up to the end`);
      }
    },
  );

  await t.test(
    "with the profile `workers` the ZIP is made in a container of its own, without a token",
    async () => {
      deployment.set("ROLES", "bot,web");
      await timed("recorder and jobs apart, up", async () => {
        await deployment.compose("--profile", "workers", "up", "--detach");
        await ready(deployment);
      });
      for (const { person } of people) await person.join();
      const { talking } = await inMidRecording("Apart");
      await talking;
      const stop = await discord.command(anna, "record stop");
      const answer = await stop.until((reply) => trackLinks(fullText(reply)).size === 2);
      const zip = await zipOf(answer);
      assert.equal(zip.toString("latin1", 0, 4), "PK\x03\x04");
      const { manifest } = await deployment.copyRecording("Apart");
      assert.equal(manifest.state, "finished");
      const made = "a recording's ZIP was made";
      assert.ok((await deployment.compose("logs", "jobs")).includes(made), "made by the container for jobs");
      const inside = 'test -z "$DISCORD_TOKEN" && echo none';
      assert.equal(await deployment.compose("exec", "-T", "jobs", "sh", "-c", inside), "none");
    },
  );
});
