/** `npm run demo`: a whole recording, from `/record start` to the links, on a simulated Discord on this machine. */
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import { PermissionFlagsBits } from "discord-api-types/v10";
import { secondsOf } from "../../src/audio/pcm.ts";
import { balances } from "../../src/recordings/counts.ts";
import { manifestSchema } from "../../src/recordings/manifest.ts";
import type { Manifest } from "../../src/recordings/manifest.ts";
import { loadSpeech } from "../simulator/people/speech.ts";
import { SimulatedDiscord } from "../simulator/simulated-discord.ts";
import { BotProcess } from "../support/bot-process.ts";
import { freePort } from "../support/free-port.ts";
import { fullText, trackLinks } from "../support/call.ts";
import { eventually } from "../support/wait.ts";
import { LiveView } from "./live-view.ts";

const CHANNEL_WAIT_MS = 60_000;

/** Who says what when, in seconds from the start of the scene; they overlap on purpose. */
const SCENE = [
  { name: "Anna", clip: "anna", at: [0, 10.5] },
  { name: "Ben", clip: "ben", at: [4.5] },
  { name: "Chloé", clip: "chloe", at: [8] },
] as const;

const say = (text = "") => console.log(text);
let stepNumber = 0;
const step = (text: string) => say(`${++stepNumber}. ${text}`);
const quote = (text: string) => say(asShown(text).replace(/^/gm, "     │ "));

const started = Date.now();
const dataDir = resolve("demo-output", new Date().toISOString().slice(0, 19).replaceAll(":", "-"));
mkdirSync(dataDir, { recursive: true });

say("A call of three people on a simulated Discord on this machine: no account, nothing leaves it.\n");
await using discord = await SimulatedDiscord.start({ dave: true, guildName: "Demo server" });
step("A simulated Discord is up; its voice channel is end-to-end encrypted (DAVE).");

const port = String(await freePort());
const environment = {
  ...discord.environment,
  DATA_DIR: dataDir,
  HTTP_PORT: port,
  PUBLIC_URL: `http://localhost:${port}`,
};
await using bot = await BotProcess.spawn(environment);
let end: Promise<void> | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    // npm passes on what the terminal has already sent.
    end ??= breakOff(signal);
  });
await bot.untilReady();
step("The bot has logged in, with the command that npm start runs.");

const people = SCENE.map((role) => ({ ...role, person: discord.addPerson(role.name) }));
for (const { person } of people) await person.join();
const host = people[0]?.person;
if (host === undefined) throw new Error("an empty scene");
host.grant(PermissionFlagsBits.ManageGuild);
step(`${SCENE.map((role) => role.name).join(", ")} join the voice channel "${discord.voiceChannel.name}".`);

step(`${host.name} types /record start title:Demo`);
const start = await discord.command(host, "record start", { title: "Demo" });
await start.until((reply) => reply.content !== "", CHANNEL_WAIT_MS);
quote(start.content);
const folder = onlyFolder(join(dataDir, "recordings"));

step("They talk, sometimes all at once:\n");
const scene = Promise.all(
  people.flatMap((role) =>
    role.at.map(async (second) => {
      await new Promise((done) => setTimeout(done, second * 1000));
      await role.person.say(await loadSpeech(role.clip));
    }),
  ),
);
const view = new LiveView(
  people.map(({ person }) => person),
  join(folder, "tracks"),
);
view.start();
await scene;
view.stop();

say();
step(`${host.name} types /record stop`);
const stop = await discord.command(host, "record stop");
await stop.until((reply) => trackLinks(fullText(reply)).size === SCENE.length, CHANNEL_WAIT_MS);
quote(stop.content);

const archiveLink = /https?:\S+\/archive\.zip\?[^\s>]+/.exec(fullText(stop))?.[0] ?? "";
// It is made last: from then on no file changes any more.
const archive = await eventually("the ZIP is there", () => download(archiveLink), CHANNEL_WAIT_MS);
step(
  `After the recording, every track has been checked and measured, and the ZIP made: ${megabytes(archive.length)}.`,
);

const manifest = readManifest();
const links = trackLinks(fullText(stop));
step("Every track, downloaded through its link and compared with the file:\n");
for (const track of manifest.tracks) {
  const path = join(folder, "tracks", track.file ?? "");
  const same = (await download(links.get(track.track) ?? ""))?.equals(readFileSync(path)) === true;
  const complete =
    track.counts !== undefined &&
    balances(track.counts) &&
    track.counts.dropped + track.counts.late + track.counts.expired + track.counts.rejected === 0;
  if (!same || !complete)
    throw new Error(
      `${basename(path)}: ${same ? "incomplete" : "the download differs"}: ${JSON.stringify(track.counts)}`,
    );
  say(`   ${path}`);
  say(`   ${links.get(track.track)}`);
  say(
    `   ${secondsOf(track.samples ?? 0).toFixed(2)} s, ${track.counts?.received} packets received, ${track.counts?.written} written, none lost; ${megabytes(statSync(path).size)} long, ${megabytes(statSync(path).blocks * 512)} on disk\n`,
  );
}
if (new Set(manifest.tracks.map((track) => track.samples)).size !== 1)
  throw new Error("the tracks are not equally long");
if (discord.problems.length > 0) throw new Error(discord.problems.join("\n"));

const exit = await bot.stop("SIGTERM");
if (exit.code !== 0) throw new Error(`the bot ended with ${exit.code}:\n${exit.stdout}${exit.stderr}`);
step(
  `The bot has stopped cleanly. All ${manifest.tracks.length} tracks have ${manifest.lengthSamples} samples. The demo took ${Math.round((Date.now() - started) / 1000)} s.\n`,
);

const tracksFolder = relative(process.cwd(), join(folder, "tracks"));
say("What next:");
say(`  listen      open the WAVs in any editor, all at zero; or with sox:  play -m ${tracksFolder}/*.wav`);
say(
  `  the links   DATA_DIR=${relative(process.cwd(), dataDir)} HTTP_PORT=${port} ROLES=web npm start   serves them again`,
);
say("  your own    npm start   tells how to make the bot");

/** Ends the bot, which finishes its recording, before the demo: it must not go on alone. */
async function breakOff(signal: NodeJS.Signals): Promise<void> {
  // It may have had the terminal's own signal already, and a second SIGTERM would end it at once.
  await bot.stop("SIGHUP");
  say(`\nBroken off; what had been recorded is in ${relative(process.cwd(), dataDir)}.`);
  process.exit(128 + constants.signals[signal]);
}

/** What is behind a link of the bot, or undefined where it is not there (yet). */
async function download(link: string): Promise<Buffer | undefined> {
  const response = await fetch(link.replace("localhost", "127.0.0.1"));
  const body = Buffer.from(await response.arrayBuffer());
  return response.ok ? body : undefined;
}

function readManifest(): Manifest {
  return manifestSchema.parse(JSON.parse(readFileSync(join(folder, "recording.json"), "utf8")));
}

function onlyFolder(root: string): string {
  return join(root, readdirSync(root)[0] ?? "");
}

/** Mentions and times as Discord shows them. */
function asShown(text: string): string {
  return text
    .replaceAll(`<#${discord.voiceChannel.id}>`, `#${discord.voiceChannel.name}`)
    .replaceAll(/<t:(\d+)(?::\w)?>/g, (_match, seconds: string) =>
      new Date(Number(seconds) * 1000).toLocaleString(),
    )
    .replaceAll(/<(https?:[^>]+)>/g, "$1");
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
