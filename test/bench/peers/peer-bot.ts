/**
 * What all peers have in common: an ordinary bot of discord.js 14 and @discordjs/voice 0.19, as discordjs.guide's "Voice"
 * chapters show it (joinVoiceChannel with selfDeaf false; `receiver.speaking` "start" → `receiver.subscribe`). What a peer
 * does with the Opus packets is its own file's. Told where by BENCH_CHANNEL and BENCH_DIRECTORY; with
 * BENCH_RECEIVE_BUFFER it does what those chapters do not, and asks the kernel for so many bytes. Says "ready" and "stopped" to
 * its parent process.
 */
import { Socket } from "node:dgram";
import { once } from "node:events";
import { setDefaultResultOrder } from "node:dns";
import type { AudioReceiveStream, VoiceConnection } from "@discordjs/voice";
import { EndBehaviorType, VoiceConnectionStatus, entersState, joinVoiceChannel } from "@discordjs/voice";
import { Client, GatewayIntentBits } from "discord.js";

export type Recorder = {
  /** It is in the call, and this is where datagrams come. */
  readonly connected?: (socket: Socket) => void;
  /** Somebody is heard for the first time: `packets` gives Opus, 20 ms each, until the connection ends. */
  readonly subscribe?: (userId: string, packets: AudioReceiveStream) => void;
  /** Finishes the files; the audio streams have ended. */
  readonly stop: () => Promise<void> | void;
};

export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}

/** Records the channel until the parent process says "stop". */
export async function run(recorder: Recorder): Promise<void> {
  setDefaultResultOrder("ipv4first");
  const client = new Client({
    intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildVoiceStates],
    rest: { api: required("DISCORD_API_URL") },
  });
  const loggedIn = once(client, "clientReady");
  await client.login(required("DISCORD_TOKEN"));
  await loggedIn;
  const channel = await client.channels.fetch(required("BENCH_CHANNEL"));
  if (!channel?.isVoiceBased()) throw new Error("BENCH_CHANNEL is no voice channel.");
  const connection = joinVoiceChannel({
    channelId: channel.id,
    guildId: channel.guild.id,
    adapterCreator: channel.guild.voiceAdapterCreator,
    selfDeaf: false,
  });
  await entersState(connection, VoiceConnectionStatus.Ready, 30_000);
  const socket = socketOf(connection);
  const receiveBuffer = process.env["BENCH_RECEIVE_BUFFER"];
  if (receiveBuffer !== undefined) socket.setRecvBufferSize(Number(receiveBuffer));
  recorder.connected?.(socket);
  const streams = new Set<AudioReceiveStream>();
  const { receiver } = connection;
  receiver.speaking.on("start", (userId) => {
    if (recorder.subscribe === undefined || receiver.subscriptions.has(userId)) return;
    const packets = receiver.subscribe(userId, { end: { behavior: EndBehaviorType.Manual } });
    // One packet that cannot be opened ends the stream; the next "start" subscribes anew.
    packets.on("error", (error) => console.error(`stream of ${userId}: ${error.message}`));
    streams.add(packets);
    recorder.subscribe(userId, packets);
  });
  process.on("message", (word) => {
    if (word === "stop") void stop();
  });
  // Not before its parent has seen what it cost.
  process.once("disconnect", () => process.exit());
  process.send?.("ready");

  async function stop(): Promise<void> {
    for (const stream of streams) stream.push(null);
    await Promise.all(
      [...streams]
        .filter((stream) => !stream.readableEnded && !stream.destroyed)
        .map((stream) => once(stream, "end")),
    );
    connection.destroy();
    await recorder.stop();
    await client.destroy();
    process.send?.("stopped");
  }
}

/** The library hides it. */
function socketOf({ state }: VoiceConnection): Socket {
  const networking = "networking" in state ? state.networking.state : undefined;
  const socket: unknown =
    networking !== undefined && "udp" in networking && networking.udp !== undefined
      ? Reflect.get(networking.udp, "socket")
      : undefined;
  if (!(socket instanceof Socket)) throw new Error("The voice socket cannot be reached.");
  return socket;
}
