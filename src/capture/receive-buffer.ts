import { Socket } from "node:dgram";
import type { VoiceUDPSocket } from "@discordjs/voice";
import { messageOf } from "../errors.ts";
import type { Log } from "../log.ts";

/** What we ask the kernel for: five seconds of 25 people. Its default holds 170 packets, 133 ms of them. */
const RECEIVE_BUFFER_BYTES = 4 * 1_048_576;

/** Asks the kernel for a large receive buffer as soon as the socket listens, and logs what it granted. */
export function enlargeReceiveBuffer(udp: VoiceUDPSocket, log: Log): void {
  // The library hides its socket; without it the kernel's default stands, which is a smaller promise, not a fault.
  const socket: unknown = Reflect.get(udp, "socket");
  if (!(socket instanceof Socket)) {
    log.warn("the voice socket cannot be reached: its receive buffer stays at the kernel's default");
    return;
  }
  socket.once("listening", () => {
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      // Linux reports twice what counts for payload.
      log.info({ bytes: socket.getRecvBufferSize(), asked: RECEIVE_BUFFER_BYTES }, "voice socket buffer");
    } catch (error) {
      log.warn({ error: messageOf(error) }, "the kernel refused a larger voice socket buffer");
    }
  });
}
