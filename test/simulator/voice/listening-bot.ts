/** An unmodified @discordjs/voice client on a voice service, without a main gateway: its adapter is fed by hand. */
import { createSecretKey } from "node:crypto";
import {
  EndBehaviorType,
  NetworkingStatusCode,
  VoiceConnectionStatus,
  entersState,
  joinVoiceChannel,
} from "@discordjs/voice";
import type { DiscordGatewayAdapterLibraryMethods, VoiceConnection } from "@discordjs/voice";
import { opusCoder } from "../../support/opus-coder.ts";
import { openRtp } from "./rtp-packet.ts";
import type { OpenedRtp } from "./rtp-packet.ts";
import type { VoiceService } from "./voice-service.ts";

export const GUILD_ID = "200000000000000001";
export const CHANNEL_ID = "300000000000000001";
export const BOT_ID = "400000000000000001";
const SESSION_ID = "bot-session";
let connections = 0;

export type ListeningBot = {
  readonly connection: VoiceConnection;
  /** Opus packets that came since the call, each for its own. */
  readonly packetsOf: (userId: string) => Buffer[];
  /** What came since the connection was ready, as it went over the wire. */
  readonly wire: Wire;
} & Disposable;

export type Wire = {
  /** RTP that opens, in the order of its coming. */
  readonly packets: OpenedRtp[];
  /** Every other datagram. */
  readonly others: Buffer[];
  /** JSON messages of the voice gateway. */
  readonly messages: { readonly op: number; readonly d: unknown }[];
};

/** Joins the channel and waits until the connection is ready. Rejects after 10 s. */
export async function joinAsBot(service: VoiceService): Promise<ListeningBot> {
  const adapter = (methods: DiscordGatewayAdapterLibraryMethods) => ({
    sendPayload: ({ d }: { readonly d: { readonly channel_id: string | null } }): boolean => {
      if (d.channel_id === null) service.dismiss(GUILD_ID, BOT_ID);
      else setImmediate(() => feed(service, methods, d.channel_id));
      return true;
    },
    destroy: () => {},
  });
  const connection = joinVoiceChannel({
    guildId: GUILD_ID,
    channelId: CHANNEL_ID,
    group: `bot-${++connections}`,
    selfDeaf: false,
    adapterCreator: adapter,
  });
  // A failed join shows in the state; without a listener it would end the process.
  connection.on("error", (error) => service.problems.push(`bot: ${error.message}`));
  await entersState(connection, VoiceConnectionStatus.Ready, 10_000);
  const wire = listenToWire(connection);
  return {
    connection,
    wire,
    packetsOf(userId) {
      const packets: Buffer[] = [];
      const stream = connection.receiver.subscribe(userId, { end: { behavior: EndBehaviorType.Manual } });
      stream.on("data", (packet: Buffer) => packets.push(packet));
      stream.on("error", (error) => service.problems.push(`stream of ${userId}: ${error.message}`));
      return packets;
    },
    [Symbol.dispose]() {
      if (connection.state.status !== VoiceConnectionStatus.Destroyed) connection.destroy();
    },
  };
}

function listenToWire(connection: VoiceConnection): Wire {
  const wire: Wire = { packets: [], others: [], messages: [] };
  const state = "networking" in connection.state ? connection.state.networking.state : undefined;
  if (state?.code !== NetworkingStatusCode.Ready) throw new Error("The connection has no media.");
  const { secretKey } = state.connectionData;
  if (secretKey === undefined) throw new Error("The connection has no key.");
  const key = createSecretKey(secretKey);
  state.udp.on("message", (datagram) => {
    const packet = openRtp(datagram, key);
    if (packet === undefined) wire.others.push(datagram);
    else wire.packets.push(packet);
  });
  state.ws.on("packet", ({ op, d }: { readonly op: number; readonly d: unknown }) =>
    wire.messages.push({ op, d }),
  );
  return wire;
}

function feed(
  service: VoiceService,
  methods: DiscordGatewayAdapterLibraryMethods,
  channelId: string | null,
): void {
  if (channelId === null) return;
  const session = { guildId: GUILD_ID, channelId, userId: BOT_ID, sessionId: SESSION_ID };
  const state = { channel_id: channelId, guild_id: GUILD_ID, user_id: BOT_ID, session_id: SESSION_ID };
  methods.onVoiceStateUpdate({
    ...state,
    deaf: false,
    mute: false,
    self_deaf: false,
    self_mute: false,
    self_video: false,
    suppress: false,
    request_to_speak_timestamp: null,
  });
  methods.onVoiceServerUpdate({ ...service.admit(session), guild_id: GUILD_ID });
}

/** Decodes mono Opus packets to samples between -1 and 1. */
export function decode(packets: readonly Buffer[]): Float64Array {
  using decoder = opusCoder(1);
  const pcm = Buffer.concat(packets.map((packet) => Buffer.from(decoder.decode(packet))));
  return Float64Array.from({ length: pcm.length / 2 }, (_, index) => pcm.readInt16LE(index * 2) / 32_768);
}
