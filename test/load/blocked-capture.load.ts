import assert from "node:assert/strict";
import { test } from "node:test";
import { findChirps, VOICES } from "../accuracy/chirps.ts";
import { utterances } from "../accuracy/utterances.ts";
import { pickSeed, SeededRandom } from "../capture/seeded-random.ts";
import { Call } from "../support/call.ts";
import { Inspector } from "../support/inspector.ts";
import { sleep } from "../support/wait.ts";
import { decodeWithSox } from "../support/wav-readers.ts";
import { recordCrowd, stopWithNothingLost } from "./recorded-crowd.ts";

const SPEAKERS = 25;
const SECONDS = 10;
const MOST_BLOCK_MS = 1_000;
/** What a packet of speech takes of a socket's receive buffer: 170 of them fill Linux's default of 212,992 bytes. */
const PACKET_BYTES = 1_253;
/** Of the time for which the buffer lasts, so that nothing else is needed of the machine. */
const BUFFER_SHARE = 0.6;
/** What people who speak at once may be apart. */
const BOUND_MS = 5;

test(
  `${SPEAKERS} people talk while the capture thread is blocked for as long as the kernel keeps their packets, a second at most: nothing is lost, nobody is moved`,
  { timeout: 180_000 },
  async (t) => {
    const random = new SeededRandom(pickSeed());
    const speeches = Array.from({ length: VOICES }, (_, voice) =>
      utterances(voice, SECONDS, "music", random),
    );
    await using call = await Call.start({ dave: true, nodeOptions: ["--inspect=127.0.0.1:0"] });
    const people = await recordCrowd(call, SPEAKERS);
    const granted = /"bytes":(\d+),"asked":\d+,"msg":"voice socket buffer"/.exec(call.bot.output)?.[1];
    assert.ok(granted !== undefined, "the bot says how large its socket's buffer is");
    // Where nobody has raised `net.core.rmem_max` that is little.
    const lastsMs = (Number(granted) / PACKET_BYTES / (SPEAKERS * 50)) * 1_000;
    const blockMs = Math.min(MOST_BLOCK_MS, Math.floor(lastsMs * BUFFER_SHARE));
    t.diagnostic(`the kernel granted ${granted} bytes`);

    const speechOf = (index: number) => speeches[index % VOICES] ?? assert.fail();
    const talking = Promise.all(
      people.map((person, index) =>
        person.say({ packets: speechOf(index).packets.filter((packet) => packet !== undefined) }),
      ),
    );
    await sleep(3_000);
    const inspector = await Inspector.attach(call.bot);
    const blockedMs = await inspector.blockWorker("capture", blockMs);
    inspector.close();
    assert.ok(blockedMs >= blockMs * 0.99, `it was blocked for ${blockedMs} ms`);
    await talking;
    await stopWithNothingLost(call, people);

    const places: number[] = [];
    for (const [index, person] of people.entries()) {
      const { chirps } = speechOf(index);
      const heard = findChirps(decodeWithSox(call.trackPath(person.id)), index % VOICES);
      assert.equal(heard.length, chirps.length, `${person.name}: every chirp is heard`);
      // All began at one instant, so whenever and by whomever it was said, this is where that instant lies.
      for (const [at, position] of heard.entries()) places.push((position - (chirps[at] ?? 0)) / 48);
    }
    const apartMs = Math.max(...places) - Math.min(...places);
    assert.ok(apartMs <= BOUND_MS, `${places.length} sounds of one instant lie ${apartMs} ms apart`);
    t.diagnostic(
      `blocked for ${Math.round(blockedMs)} ms of ${SPEAKERS * 50} packets a second: ${places.length} sounds, ` +
        `${apartMs.toFixed(2)} ms apart at most`,
    );
  },
);
