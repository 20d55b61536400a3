import { Readable } from "node:stream";
import { AudioPlayerStatus, StreamType, createAudioPlayer, createAudioResource } from "@discordjs/voice";
import type { VoiceConnection } from "@discordjs/voice";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

/**
 * Says the announcement once; the returned function cuts it short. Never throws: a recording without its spoken notice
 * still has the visible one.
 * @param onDone called once it has been said, cut short, or could not be said.
 */
export function announce(
  connection: VoiceConnection,
  oggOpus: Uint8Array,
  log: Log,
  onDone: () => void,
): () => void {
  const player = createAudioPlayer();
  player.on("error", (error) => {
    // The player falls idle after it.
    log.warn({ error: messageOf(error) }, "the announcement could not be played");
  });
  try {
    const bytes = Readable.from([Buffer.from(oggOpus)]);
    const subscription = connection.subscribe(player);
    player.once(AudioPlayerStatus.Idle, () => {
      subscription?.unsubscribe();
      onDone();
    });
    player.play(createAudioResource(bytes, { inputType: StreamType.OggOpus }));
  } catch (error) {
    log.warn({ error: messageOf(error) }, "the announcement could not be played");
    onDone();
  }
  return () => player.stop(true);
}
