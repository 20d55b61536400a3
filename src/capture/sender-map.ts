/** Who sends under which SSRC on one voice connection. Lives on the capture thread. */
import { z } from "zod";

const id = z.string().regex(/^\d{1,20}$/);
const ssrc = z.number().int().nonnegative().max(0xffff_ffff);
const speaking = z.object({ user_id: id, ssrc });
const video = z.object({ user_id: id, audio_ssrc: ssrc });
const left = z.object({ user_id: id });

const OP_SPEAKING = 5;
const OP_VIDEO = 12;
const OP_CLIENT_DISCONNECT = 13;

/** What a message of the voice gateway says about senders. */
export type SenderNews =
  | { readonly kind: "sends"; readonly userId: string; readonly ssrc: number }
  | { readonly kind: "left"; readonly userId: string };

/** Reads a message of the voice gateway; undefined when it is about something else or malformed. */
export function readSenderNews(op: number, data: unknown): SenderNews | undefined {
  if (op === OP_SPEAKING) {
    const parsed = speaking.safeParse(data);
    if (parsed.success) return { kind: "sends", userId: parsed.data.user_id, ssrc: parsed.data.ssrc };
  } else if (op === OP_VIDEO) {
    const parsed = video.safeParse(data);
    // 0 stands for "no audio".
    if (parsed.success && parsed.data.audio_ssrc !== 0)
      return { kind: "sends", userId: parsed.data.user_id, ssrc: parsed.data.audio_ssrc };
  } else if (op === OP_CLIENT_DISCONNECT) {
    const parsed = left.safeParse(data);
    if (parsed.success) return { kind: "left", userId: parsed.data.user_id };
  }
  return undefined;
}
