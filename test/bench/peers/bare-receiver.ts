/**
 * No way of recording: counts the media that reach its socket and does nothing else. What it misses, the load or the machine
 * is to blame for.
 */
import type { Socket } from "node:dgram";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { required, run } from "./peer-bot.ts";

/** RTP version 2 and the payload type of Opus. */
const RTP_VERSION = 2;
const OPUS_TYPE = 120;

let packets = 0;

await run({
  connected(socket: Socket) {
    socket.removeAllListeners("message");
    socket.on("message", (datagram) => {
      if ((datagram[0] ?? 0) >> 6 === RTP_VERSION && ((datagram[1] ?? 0) & 0x7f) === OPUS_TYPE) packets++;
    });
  },
  stop: () => writeFileSync(join(required("BENCH_DIRECTORY"), "packets.count"), String(packets)),
});
