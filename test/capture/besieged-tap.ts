/** The tap of a real connection of the library, in a simulated call, under a flood of hostile datagrams. */
import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import tls from "node:tls";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { NetworkingStatusCode } from "@discordjs/voice";
import { toneSpeech } from "../simulator/people/speech.ts";
import { BOT_ID, CHANNEL_ID, GUILD_ID, joinAsBot } from "../simulator/voice/listening-bot.ts";
import { VoiceService } from "../simulator/voice/voice-service.ts";
import { eventually, sleep } from "../support/wait.ts";
import { HostileDatagrams } from "./hostile-datagrams.ts";
import { TappedRecording } from "./tapped-recording.ts";

/** So many datagrams in one turn of the event loop, then a tick, as after a long stall. */
const BATCH = 1_000;
/** Through the kernel: loopback keeps about as many, so they come in bites. */
const THROUGH_SOCKET = 2_000;
const BITE = 50;
/** Header and extension (20), frame (3), tag and nonce (20). */
const SILENCE_BYTES = 43;

/** Bytes in use after a full collection. */
function usedBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") collect();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

export type Siege = {
  readonly perDatagramUs: number;
  readonly longestTickMs: number;
  readonly grownBytes: number;
};

/**
 * Ann and Ben speak, then come `datagrams` hostile ones, while Ben says a word now and then. Hers is the SSRC under which the server itself
 * lies. Nothing may throw, everything is counted once, Ben is whole; where the call is end-to-end encrypted, none of it is audio.
 */
export async function besiege(dave: boolean, datagrams: number, seed: number): Promise<Siege> {
  await using service = await VoiceService.start({ dave });
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), service.caPem]);
  const seat = (number: number) =>
    service.seat({
      guildId: GUILD_ID,
      channelId: CHANNEL_ID,
      userId: String(500_000_000_000_000_000n + BigInt(number)),
    });
  const [ann, ben] = [await seat(1), await seat(2)];
  using bot = await joinAsBot(service);
  assert.ok("networking" in bot.connection.state);
  const { networking } = bot.connection.state;
  const { state } = networking;
  assert.ok(state.code === NetworkingStatusCode.Ready && state.connectionData.secretKey);
  const key: KeyObject = createSecretKey(state.connectionData.secretKey);
  // The library's own receive path ends the process at a datagram of nine bytes; the recorder switches it off as well.
  state.udp.removeAllListeners("message");
  const recording = new TappedRecording();
  recording.listen(networking);
  const honest: Buffer[] = [];
  const collect = (datagram: Buffer): void => void honest.push(Buffer.from(datagram));
  state.udp.on("message", collect);
  await service.encryptionSettled(GUILD_ID, CHANNEL_ID);
  using _ticking = recording.run();
  await Promise.all([ann, ben].map((person) => person.say(toneSpeech(440, 1))));
  await eventually("both came", () => honest.length >= ann.sent.length + ben.sent.length);
  await sleep(400); // the look-ahead
  state.udp.off("message", collect);

  // Silence frames are in clear in every call: repeated long after, they open, and are silence.
  const speech = honest.filter((datagram) => datagram.length > SILENCE_BYTES);
  const hostile = new HostileDatagrams(seed, speech, { key, ssrc: ann.ssrc });
  let media = 0;
  const arrivedBefore = recording.counts.datagrams;
  const before = usedBytes();
  const startMs = performance.now();
  let longestTickMs = 0;
  const flood = new AbortController();
  // Words now and then: speech that opens is why the recorder does not take the flood for lost keys.
  const words = (async () => {
    while (!flood.signal.aborted) {
      await ben.say(toneSpeech(440, 0.4));
      await sleep(1_500);
    }
  })();
  for (let sent = 0; sent < datagrams; sent++) {
    const datagram = hostile.next();
    if (HostileDatagrams.isMedia(datagram)) media++;
    if (sent < THROUGH_SOCKET) {
      service.injectRaw(BOT_ID, datagram);
      const arrived = arrivedBefore + sent + 1;
      if (sent % BITE === BITE - 1)
        await eventually("the bite arrives", () => recording.counts.datagrams >= arrived);
      continue;
    }
    state.udp.emit("message", datagram);
    if (sent % BATCH > 0) continue;
    const tickMs = performance.now();
    recording.tick();
    longestTickMs = Math.max(longestTickMs, performance.now() - tickMs);
    await new Promise(setImmediate);
  }
  const spentMs = performance.now() - startMs;
  const grownBytes = usedBytes() - before;

  flood.abort();
  await words;
  const total = ann.sent.length + ben.sent.length + datagrams;
  await eventually("all came", () => recording.counts.datagrams >= total);
  await sleep(400);
  recording.close();

  const context = `seed ${seed}: ${JSON.stringify(recording.counts)}`;
  const [anns, bens] = [recording.countsOf(ann.userId), recording.countsOf(ben.userId)];
  const { notMedia, unattributed } = recording.counts;
  // Besides, the server answers the library's keep-alives, one in 5 s.
  const echoes = recording.counts.datagrams - total;
  assert.ok(echoes <= 2 + performance.now() / 5_000, context);
  assert.equal(notMedia, datagrams - media + echoes, context);
  const honestMedia = ann.sent.length + ben.sent.length;
  assert.equal(anns.received + bens.received + unattributed, honestMedia + media, context);
  assert.equal(bens.written, ben.sent.length, `Ben: ${context} ${JSON.stringify(bens)}`);
  assert.ok(bens.forged > 0 && anns.forged > 0 && anns.malformed > 0 && unattributed > 0, context);
  assert.equal(recording.packets.get(ben.userId), ben.sent.length, context);
  if (dave) {
    assert.equal(anns.written, ann.sent.length, `Ann: ${context} ${JSON.stringify(anns)}`);
    assert.equal(recording.packets.get(ann.userId), ann.sent.length, context);
    assert.ok(anns.expired > 0, context);
  } else {
    assert.ok(anns.undecodable > 0, `hostile Opus reached the decoder: ${context}`);
  }
  assert.deepEqual(service.problems, []);
  return { perDatagramUs: (spentMs * 1000) / datagrams, longestTickMs, grownBytes };
}
