/** Who sends under which SSRC on one voice connection. Lives on the capture thread. */
import { fieldsOf, isCount } from "../outside-data.ts";

/** A Discord id (snowflake). */
const ID = /^\d{1,20}$/;
const MAX_SSRC = 0xffff_ffff;

const OP_SPEAKING = 5;
const OP_VIDEO = 12;
const OP_CLIENT_DISCONNECT = 13;

/** What a message of the voice gateway says about senders. */
export type SenderNews =
  | { readonly kind: "sends"; readonly userId: string; readonly ssrc: number }
  | { readonly kind: "left"; readonly userId: string };

/** Reads a message of the voice gateway; undefined when it is about something else or malformed. */
export function readSenderNews(op: number, data: unknown): SenderNews | undefined {
  const { user_id: userId, ssrc, audio_ssrc: audioSsrc } = fieldsOf(data);
  if (typeof userId !== "string" || !ID.test(userId)) return undefined;
  if (op === OP_SPEAKING && isCount(ssrc, MAX_SSRC)) return { kind: "sends", userId, ssrc };
  // 0 stands for "no audio".
  if (op === OP_VIDEO && isCount(audioSsrc, MAX_SSRC) && audioSsrc !== 0)
    return { kind: "sends", userId, ssrc: audioSsrc };
  return op === OP_CLIENT_DISCONNECT ? { kind: "left", userId } : undefined;
}
