/**
 * End-to-end encryption of one frame of media: tells audio from ciphertext, and opens it with the davey session itself
 * (the voice library's wrapper hands ciphertext out as audio while no key is there).
 */
import { isSilenceFrame } from "../audio/opus-packet.ts";

/** What of davey's session is needed; its own class fits. */
export type DaveSession = {
  readonly ready: boolean;
  decrypt(userId: string, mediaType: 0, frame: Buffer): Buffer;
  canPassthrough(userId: string): boolean;
};

/** The end-to-end side of a connection at one instant: version 0 means none. */
export type DaveState = { readonly protocolVersion: number; readonly session: DaveSession | undefined };

/** `MediaType.AUDIO` of davey, whose const enum cannot be imported. */
const AUDIO = 0;
/** Truncated tag (8), nonce (≥ 1), supplemental size (1), magic (2): protocol.md, "Payload Format". */
const MIN_SUPPLEMENT_BYTES = 12;

/**
 * The Opus packet inside a frame, or undefined while it cannot be opened: no key yet, or clear where clear is not
 * allowed. Ciphertext is never returned. Each frame opens once, so duplicates must be found before. About 3 µs.
 */
export function openMedia(frame: Buffer, userId: string, dave: DaveState): Buffer | undefined {
  // Servers and clients send these in clear even in an encrypted call.
  if (isSilenceFrame(frame)) return frame;
  const { session } = dave;
  if (isEncryptedFrame(frame) && session !== undefined) {
    if (!session.ready) return undefined;
    try {
      return session.decrypt(userId, AUDIO, frame);
    } catch {
      // No key for this epoch, not a member yet, or forged: the hold queue asks again when a key comes.
      return undefined;
    }
  }
  if (dave.protocolVersion === 0) return frame;
  return session?.ready === true && session.canPassthrough(userId) ? frame : undefined;
}

/** Whether a frame has the form of an end-to-end encrypted one. */
export function isEncryptedFrame(frame: Buffer): boolean {
  const length = frame.length;
  if (length <= MIN_SUPPLEMENT_BYTES) return false;
  if (frame[length - 1] !== 0xfa || frame[length - 2] !== 0xfa) return false;
  const supplementBytes = frame[length - 3] ?? 0;
  return supplementBytes >= MIN_SUPPLEMENT_BYTES && supplementBytes <= length;
}
