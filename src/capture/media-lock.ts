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
export type DaveState = {
  readonly protocolVersion: number;
  readonly session: DaveSession | undefined;
  /** Keys of a group that we had to leave, while frames sealed with them are under way. */
  readonly former?: DaveSession;
};

/** `MediaType.AUDIO` of davey, whose const enum cannot be imported. */
const AUDIO = 0;
/** Truncated tag (8), nonce (≥ 1), supplemental size (1), magic (2): protocol.md, "Payload Format". */
const MIN_SUPPLEMENT_BYTES = 12;
const TAG_BYTES = 8;
/** Supplemental size and magic. */
const TRAILER_BYTES = 3;

/** The nonce of a frame that is not end-to-end encrypted. */
export const NO_NONCE = -1;
/** Bits of a byte of ULEB128, and the most bytes that a nonce of 32 bits takes. */
const LEB128_BITS = 7;
const LEB128_MAX_BYTES = 5;

/**
 * The Opus packet inside a frame, or undefined while it cannot be opened: no key yet, or clear where clear is not
 * allowed. Ciphertext is never returned. Each frame opens once, so duplicates must be found before. About 3 µs.
 *
 * @param nonce what `nonceOf` says of the frame
 */
export function openMedia(frame: Buffer, nonce: number, userId: string, dave: DaveState): Buffer | undefined {
  // Servers and clients send these in clear even in an encrypted call.
  if (isSilenceFrame(frame)) return frame;
  const { session } = dave;
  if (nonce !== NO_NONCE && session !== undefined) {
    return unseal(frame, userId, session) ?? unseal(frame, userId, dave.former);
  }
  if (dave.protocolVersion === 0) return frame;
  return session?.ready === true && session.canPassthrough(userId) ? frame : undefined;
}

function unseal(frame: Buffer, userId: string, session: DaveSession | undefined): Buffer | undefined {
  if (session?.ready !== true) return undefined;
  try {
    return session.decrypt(userId, AUDIO, frame);
  } catch {
    // No key for this epoch, not a member yet, or forged: the hold queue asks again when a key comes.
    return undefined;
  }
}

/**
 * The nonce of an end-to-end encrypted frame, which a sender counts up from 1 under each key; `NO_NONCE` for a frame that
 * has not the form of an encrypted one (protocol.md, "Payload Format").
 */
export function nonceOf(frame: Buffer): number {
  const length = frame.length;
  if (length <= MIN_SUPPLEMENT_BYTES) return NO_NONCE;
  if (frame[length - 1] !== 0xfa || frame[length - 2] !== 0xfa) return NO_NONCE;
  const supplementBytes = frame[length - 3] ?? 0;
  if (supplementBytes < MIN_SUPPLEMENT_BYTES || supplementBytes > length) return NO_NONCE;
  const from = length - supplementBytes + TAG_BYTES;
  let nonce = 0;
  for (let index = 0; index < LEB128_MAX_BYTES && from + index < length - TRAILER_BYTES; index++) {
    const byte = frame[from + index] ?? 0;
    nonce += (byte & 0x7f) * 2 ** (LEB128_BITS * index);
    if (byte < 0x80) return nonce;
  }
  return NO_NONCE;
}
