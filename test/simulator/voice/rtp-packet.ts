/** RTP packets as Discord's clients and its forwarding unit write them, `aead_aes256_gcm_rtpsize`. Pure but for the cipher. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Opus' payload type on Discord. */
export const OPUS_PAYLOAD_TYPE = 120;
/** What a client sends five times when it stops speaking. */
export const SILENCE_FRAME: Buffer = Buffer.from([0xf8, 0xff, 0xfe]);

const HEADER_BYTES = 12;
const EXTENSION_HEADER_BYTES = 4;
const TAG_BYTES = 16;
const NONCE_BYTES = 4;

export type RtpFields = {
  /** Wraps at 2^16. */
  readonly sequence: number;
  /** 48 kHz, wraps at 2^32. */
  readonly timestamp: number;
  readonly ssrc: number;
};

/**
 * Builds a datagram: header and extension header (`BEDE`) in clear and authenticated, extension body and payload
 * encrypted, then tag and nonce counter (4 bytes, little-endian). Extensions as captured from real clients: send
 * time, audio level and voice activity for speech; level 127 and no activity for silence. Padding stands encrypted
 * behind the payload, its last byte saying how much there is (RFC 3550 §5.1).
 * @param paddingBytes 0 for none, at most 255
 */
export function sealRtp(
  fields: RtpFields,
  payload: Buffer,
  key: KeyObject,
  counter: number,
  paddingBytes = 0,
): Buffer {
  const silent = payload.equals(SILENCE_FRAME);
  const head = Buffer.alloc(HEADER_BYTES + EXTENSION_HEADER_BYTES);
  head[0] = paddingBytes > 0 ? 0xb0 : 0x90; // version 2, with extension, perhaps padded
  head[1] = OPUS_PAYLOAD_TYPE;
  head.writeUInt16BE(fields.sequence & 0xffff, 2);
  head.writeUInt32BE(fields.timestamp >>> 0, 4);
  head.writeUInt32BE(fields.ssrc, 8);
  head.writeUInt16BE(0xbede, 12);
  head.writeUInt16BE(silent ? 1 : 2, 14);
  const extension = silent ? Buffer.from([0x10, 0xff, 0x90, 0x00]) : speechExtension(fields.timestamp);
  const padding = Buffer.alloc(paddingBytes);
  if (paddingBytes > 0) padding[paddingBytes - 1] = paddingBytes;
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(counter >>> 0, 0);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(head);
  return Buffer.concat([
    head,
    cipher.update(extension),
    cipher.update(payload),
    cipher.update(padding),
    cipher.final(),
    cipher.getAuthTag(),
    nonce.subarray(0, NONCE_BYTES),
  ]);
}

/** `32 ttt` send time (24 bits, 6.18 seconds), `10 ll` audio level, `90 02` voice activity. */
function speechExtension(timestamp: number): Buffer {
  const sendTime = Math.round((timestamp / 48_000) * 2 ** 18) & 0xff_ff_ff;
  return Buffer.from([
    0x32,
    sendTime >>> 16,
    (sendTime >>> 8) & 0xff,
    sendTime & 0xff,
    0x10,
    0x9e,
    0x90,
    0x02,
  ]);
}

export type OpenedRtp = RtpFields & {
  readonly payload: Buffer;
  /** Padding behind the payload; absent for none. */
  readonly paddingBytes?: number;
};

/** Opens a datagram of a client. Undefined when it is no Opus RTP packet or does not authenticate. */
export function openRtp(datagram: Buffer, key: KeyObject): OpenedRtp | undefined {
  if (datagram.length < HEADER_BYTES + TAG_BYTES + NONCE_BYTES) return undefined;
  const first = datagram.readUInt8(0);
  if (first >> 6 !== 2 || (datagram.readUInt8(1) & 0x7f) !== OPUS_PAYLOAD_TYPE) return undefined;
  const extended = (first & 0x10) !== 0;
  const clearBytes = HEADER_BYTES + 4 * (first & 0x0f) + (extended ? EXTENSION_HEADER_BYTES : 0);
  const end = datagram.length - TAG_BYTES - NONCE_BYTES;
  if (clearBytes > end) return undefined;
  const nonce = Buffer.alloc(12);
  datagram.copy(nonce, 0, datagram.length - NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce);
  decipher.setAAD(datagram.subarray(0, clearBytes));
  decipher.setAuthTag(datagram.subarray(end, end + TAG_BYTES));
  try {
    const body = Buffer.concat([decipher.update(datagram.subarray(clearBytes, end)), decipher.final()]);
    const extensionBytes = extended ? 4 * datagram.readUInt16BE(clearBytes - 2) : 0;
    const paddingBytes = (first & 0x20) === 0 ? 0 : body.readUInt8(body.length - 1);
    return {
      sequence: datagram.readUInt16BE(2),
      timestamp: datagram.readUInt32BE(4),
      ssrc: datagram.readUInt32BE(8),
      payload: body.subarray(extensionBytes, body.length - paddingBytes),
      ...(paddingBytes === 0 ? {} : { paddingBytes }),
    };
  } catch {
    return undefined; // forged or of another session: the caller counts it
  }
}
