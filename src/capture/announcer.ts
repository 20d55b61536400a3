import { Readable } from "node:stream";
import { AudioPlayerStatus, StreamType, createAudioPlayer, createAudioResource } from "@discordjs/voice";
import type { VoiceConnection } from "@discordjs/voice";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

/** Says the announcement once. Never throws: a recording without its spoken notice still has the visible one. */
export function announce(connection: VoiceConnection, oggOpus: Uint8Array, log: Log): void {
  try {
    const player = createAudioPlayer();
    const resource = createAudioResource(Readable.from([Buffer.from(oggOpus)]), {
      inputType: StreamType.OggOpus,
    });
    const subscription = connection.subscribe(player);
    player.on("error", (error) => {
      log.warn({ error: messageOf(error) }, "the announcement could not be played");
    });
    player.once(AudioPlayerStatus.Idle, () => subscription?.unsubscribe());
    player.play(resource);
  } catch (error) {
    log.warn({ error: messageOf(error) }, "the announcement could not be played");
  }
}
