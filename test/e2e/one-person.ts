import type { Interaction } from "../simulator/interaction.ts";
import { toneSpeech } from "../simulator/people/speech.ts";
import { fullText, trackLinks } from "../support/call.ts";
import type { Call } from "../support/call.ts";

/** Records a second of one person; the answer to /record stop, with one track's link and the ZIP's. */
export async function recordOnePerson(call: Call): Promise<Interaction> {
  const anna = call.addHost("Anna");
  await anna.join();
  const start = await call.discord.command(anna, "record start", {});
  await start.until((reply) => /record/i.test(reply.content));
  await anna.say(toneSpeech(440, 1));
  const stop = await call.discord.command(anna, "record stop");
  return stop.until((reply) => trackLinks(fullText(reply)).size === 1);
}
