import { Readable } from "node:stream";
import { AudioPlayerStatus, StreamType, createAudioPlayer, createAudioResource } from "@discordjs/voice";
import type { VoiceConnection } from "@discordjs/voice";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

/**
 * Says the announcement once; the returned function cuts it short. Never throws: a recording without its spoken notice
 * still has the visible one.
 */
export function announce(connection: VoiceConnection, oggOpus: Uint8Array, log: Log): () => void {
  const player = createAudioPlayer();
  player.on("error", (error) => {
    log.warn({ error: messageOf(error) }, "the announcement could not be played");
  });
  try {
    const bytes = Readable.from([Buffer.from(oggOpus)]);
    const subscription = connection.subscribe(player);
    player.once(AudioPlayerStatus.Idle, () => subscription?.unsubscribe());
    player.play(createAudioResource(bytes, { inputType: StreamType.OggOpus }));
  } catch (error) {
    log.warn({ error: messageOf(error) }, "the announcement could not be played");
  }
  return () => player.stop(true);
}
