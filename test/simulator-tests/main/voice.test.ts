import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import tls from "node:tls";
import { EndBehaviorType, VoiceConnectionStatus, entersState, joinVoiceChannel } from "@discordjs/voice";
import type { VoiceConnection } from "@discordjs/voice";
import type { Client } from "discord.js";
import { toneSpeech } from "../../simulator/people/speech.ts";
import type { Person } from "../../simulator/person.ts";
import { SimulatedDiscord } from "../../simulator/simulated-discord.ts";
import { opusCoder } from "../../support/opus-coder.ts";
import { rms, toneAmplitude } from "../../support/tones.ts";
import { eventually } from "../../support/wait.ts";
import { startBot } from "./simulated-bot.ts";

const limit = { timeout: 180_000 };
const TONES_HZ = [440, 660, 880];
/** Opus at speech bitrates spreads a pure tone by less than this. */
const CROSSTALK = 0.01;

for (const dave of [false, true]) {
  test(
    `an unmodified bot hears each of three people, and only them, ${dave ? "with" : "without"} DAVE`,
    limit,
    async () => {
      await using discord = await SimulatedDiscord.start({ dave });
      trust(discord);
      await using bot = await startBot(discord, async () => {});
      const speakers = TONES_HZ.map((hz) => ({ hz, person: discord.addPerson(`Tone ${hz}`) }));
      for (const { person } of speakers) await person.join();
      const connection = await listen(bot.client, discord);
      const heard = speakers.map(({ person }) => packetsOf(connection, person));
      // Before the bot's own epoch nobody could be heard.
      await discord.voice.encryptionSettled(discord.guild.id, discord.voiceChannel.id);

      await Promise.all(speakers.map(({ person, hz }) => person.say(toneSpeech(hz, 2))));
      await eventually("all is heard", () =>
        speakers.every(({ person }, index) => (heard[index]?.length ?? 0) >= person.sent.length),
      );
      for (const [index, { person, hz }] of speakers.entries()) {
        const packets = heard[index] ?? [];
        assert.equal(packets.length, person.sent.length, `${person.name}: received = sent`);
        const samples = decode(packets).subarray(4800, 4800 + 48_000); // a second, after the encoder's onset
        const level = Math.SQRT2 * rms(samples);
        assert.ok(toneAmplitude(samples, hz) > 0.99 * level, `${person.name} is heard on their own stream`);
        for (const other of TONES_HZ) {
          if (other === hz) continue;
          assert.ok(
            toneAmplitude(samples, other) < CROSSTALK * level,
            `${other} Hz on ${person.name}'s stream`,
          );
        }
      }
      connection.destroy();
      await eventually("the bot has left", () => discord.botChannelId === undefined);
      assert.deepEqual(discord.problems, []);
    },
  );
}

test("a bot that is dragged to another channel hears the people there", limit, async () => {
  await using discord = await SimulatedDiscord.start({ dave: true });
  trust(discord);
  await using bot = await startBot(discord, async () => {});
  const [zoe, ben] = [discord.addPerson("Zoë"), discord.addPerson("Ben")];
  const second = discord.addVoiceChannel("Second room");
  await zoe.join();
  await ben.join(second.id);
  const connection = await listen(bot.client, discord);
  discord.faults.moveBot(second.id);
  await eventually("the bot follows", () => connection.joinConfig.channelId === second.id);
  await entersState(connection, VoiceConnectionStatus.Ready, 60_000);
  const heard = [packetsOf(connection, zoe), packetsOf(connection, ben)];
  await discord.voice.encryptionSettled(discord.guild.id, second.id);
  await Promise.all([zoe.say(toneSpeech(440, 1)), ben.say(toneSpeech(660, 1))]);
  await eventually("Ben is heard", () => (heard[1]?.length ?? 0) >= ben.sent.length);
  assert.equal(heard[0]?.length, 0, "Zoë is in the other room");
  discord.faults.kickBotFromVoice();
  await eventually("the kick is seen", () => connection.state.status === VoiceConnectionStatus.Disconnected);
  connection.destroy();
  assert.deepEqual(discord.problems, []);
});

test(
  "a bot that is deafened on the server is told, and hears nothing until that is taken back",
  limit,
  async () => {
    await using discord = await SimulatedDiscord.start({ dave: false });
    trust(discord);
    await using bot = await startBot(discord, async () => {});
    const zoe = discord.addPerson("Zoë");
    await zoe.join();
    const connection = await listen(bot.client, discord);
    const heard = packetsOf(connection, zoe);
    const deafened = () => bot.client.guilds.cache.get(discord.guild.id)?.members.me?.voice.serverDeaf;
    discord.faults.deafenBot();
    await eventually("the bot is told", () => deafened() === true);
    await zoe.say(toneSpeech(440, 0.2));
    discord.faults.deafenBot(false);
    await eventually("the bot is told again", () => deafened() === false);
    assert.equal(heard.length, 0);
    await zoe.say(toneSpeech(440, 0.2));
    await eventually("Zoë is heard", () => heard.length === zoe.sent.length / 2);
    connection.destroy();
    assert.deepEqual(discord.problems, []);
  },
);

/** This process trusts the one simulated voice server: authorities of the same name must not meet in one store. */
function trust(discord: SimulatedDiscord): void {
  const authority = readFileSync(discord.environment.NODE_EXTRA_CA_CERTS, "utf8");
  tls.setDefaultCACertificates([authority]);
}

async function listen(client: Client<true>, discord: SimulatedDiscord): Promise<VoiceConnection> {
  const guild = client.guilds.cache.get(discord.guild.id);
  assert.ok(guild);
  const connection = joinVoiceChannel({
    guildId: guild.id,
    channelId: discord.voiceChannel.id,
    adapterCreator: guild.voiceAdapterCreator,
    selfDeaf: false,
    selfMute: true,
  });
  return await entersState(connection, VoiceConnectionStatus.Ready, 60_000);
}

/** The Opus packets of a person, as the library gives them; it ends with the connection. */
function packetsOf(connection: VoiceConnection, person: Person): Buffer[] {
  const packets: Buffer[] = [];
  const stream = connection.receiver.subscribe(person.id, { end: { behavior: EndBehaviorType.Manual } });
  stream.on("data", (packet: Buffer) => packets.push(packet));
  return packets;
}

/** Decodes to one channel, full scale 1. */
function decode(packets: readonly Buffer[]): Float64Array {
  using decoder = opusCoder(1);
  const pcm = Buffer.concat(packets.map((packet) => decoder.decode(packet)));
  return Float64Array.from({ length: pcm.length / 2 }, (_, index) => pcm.readInt16LE(index * 2) / 32_768);
}
