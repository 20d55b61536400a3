/**
 * The load, in a process of its own: a simulated Discord with a crowd in its voice channel. Everybody says the bundled
 * clips without a pause, encoded long ago; their frames are spread over the 20 ms as those of real clients are. Driven by
 * messages; `crowd-process.ts` is the other end.
 */
import { PermissionFlagsBits } from "discord-api-types/v10";
import { toneSpeech } from "../../simulator/people/speech.ts";
import type { Speech } from "../../simulator/people/speech.ts";
import type { Person } from "../../simulator/person.ts";
import { SimulatedDiscord } from "../../simulator/simulated-discord.ts";
import { fullText, trackLinks } from "../../support/call.ts";
import { eventually } from "../../support/wait.ts";
import { latenessOf } from "./lateness.ts";
import type { Lateness } from "./lateness.ts";
import { FRAMES_PER_SECOND, PHASES, speechOf } from "./load.ts";

export type CrowdCommand =
  | { readonly kind: "seat"; readonly speakers: number }
  /** A host types `/record start`, or stop. */
  | { readonly kind: "record-start" }
  | { readonly kind: "record-stop" }
  | { readonly kind: "talk"; readonly seconds: number; readonly sound: "speech" | "tone" }
  /** What has been said, by an instant in milliseconds since 1970. */
  | { readonly kind: "spoken"; readonly untilMs: number }
  | { readonly kind: "close" };

export type CrowdRequest = { readonly id: number; readonly command: CrowdCommand };

/** What the crowd has sent so far. */
export type Spoken = {
  /** Packets, Discord's silence frames included. */
  readonly packets: number;
  /** How late they were, against each speaker's own schedule. */
  readonly lateness: Lateness;
  /** Seconds of CPU this process used while they talked. */
  readonly cpuSeconds: number;
  /** What clients did wrong. */
  readonly problems: readonly string[];
};

export type CrowdReady = {
  readonly environment: Readonly<Record<string, string>>;
  readonly channelId: string;
};

export type CrowdAnswer = {
  readonly id: number;
  readonly spoken?: Spoken | undefined;
  /** Why it could not be done. */
  readonly failed?: string;
};

const PHASE_MS = 1_000 / FRAMES_PER_SECOND / PHASES;
const TONE_HZ = 440;

const discord = await SimulatedDiscord.start({ dave: process.argv[2] === "dave" });
const people: Person[] = [];
let cpuSeconds = 0;
process.on("message", ({ id, command }: CrowdRequest) => {
  obey(command).then(
    (spoken) => answer({ id, spoken }),
    (error: unknown) => answer({ id, failed: String(error) }),
  );
});
process.on("disconnect", () => process.exit());
const ready: CrowdReady = { environment: discord.environment, channelId: discord.voiceChannel.id };
process.send?.(ready);

function answer(report: CrowdAnswer): void {
  if (process.connected) process.send?.(report);
}

async function obey(command: CrowdCommand): Promise<Spoken | undefined> {
  switch (command.kind) {
    case "seat":
      for (let number = 0; number < command.speakers; number++) await seat(number);
      break;
    case "record-start": {
      const start = await discord.command(host(), "record start", {});
      await start.until((reply) => /record/i.test(reply.content), 30_000);
      break;
    }
    case "record-stop": {
      const stop = await discord.command(host(), "record stop");
      await stop.until((reply) => trackLinks(fullText(reply)).size > 0, 60_000);
      break;
    }
    case "talk":
      await talk(command.seconds, command.sound);
      break;
    case "spoken":
      return spoken(command.untilMs);
    case "close":
      await discord.close();
      break;
  }
  return undefined;
}

async function seat(number: number): Promise<void> {
  const person = discord.addPerson(`Speaker ${number + 1}`);
  if (number === 0) person.grant(PermissionFlagsBits.ManageGuild);
  await person.join(undefined, { phaseMs: (number % PHASES) * PHASE_MS });
  people.push(person);
}

async function talk(seconds: number, sound: "speech" | "tone"): Promise<void> {
  await eventually(
    "the bot is in the channel",
    () => discord.botChannelId === discord.voiceChannel.id,
    20_000,
  );
  await discord.voice.encryptionSettled(discord.guild.id, discord.voiceChannel.id, 30_000);
  const tone = sound === "tone" ? toneSpeech(TONE_HZ, seconds) : undefined;
  const speeches: Speech[] = [];
  for (const [number] of people.entries()) speeches.push(tone ?? (await speechOf(number, seconds)));
  const before = process.cpuUsage();
  await Promise.all(people.map((person, number) => person.say(speeches[number] ?? { packets: [] })));
  const { user, system } = process.cpuUsage(before);
  cpuSeconds = (user + system) / 1e6;
}

function spoken(untilMs: number): Spoken {
  const sent = people.map((person) => person.sent.filter(({ sentAtMs }) => sentAtMs <= untilMs));
  return {
    packets: sent.reduce((sum, { length }) => sum + length, 0),
    lateness: latenessOf(sent),
    cpuSeconds,
    problems: discord.problems.slice(0, 5),
  };
}

function host(): Person {
  const [first] = people;
  if (first === undefined) throw new Error("Nobody is there to type a command.");
  return first;
}
