/** RTCP reports as a voice server sends them beside the media, `aead_aes256_gcm_rtpsize`. Pure but for the cipher. */
import { createCipheriv } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Sender and receiver report (RFC 3550 §6.4). */
export type ReportType = 200 | 201;

const HEADER_BYTES = 8;
/** Sender information: NTP time, RTP time, packets, bytes. */
const SENDER_BYTES = 20;
/** One report block about somebody: loss, highest sequence, jitter, delays. */
const BLOCK_BYTES = 24;

/** A report by `ssrc` with one block about itself: 8 bytes of header in clear, the rest encrypted, tag, nonce counter. */
export function sealReport(type: ReportType, ssrc: number, key: KeyObject, counter: number): Buffer {
  const body = Buffer.alloc(BLOCK_BYTES + (type === 200 ? SENDER_BYTES : 0));
  body.writeUInt32BE(ssrc, body.length - BLOCK_BYTES);
  const head = Buffer.alloc(HEADER_BYTES);
  head[0] = 0x81; // version 2, one block
  head[1] = type;
  head.writeUInt16BE((HEADER_BYTES + body.length) / 4 - 1, 2);
  head.writeUInt32BE(ssrc, 4);
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(counter >>> 0, 0);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(head);
  const sealed = Buffer.concat([cipher.update(body), cipher.final()]);
  return Buffer.concat([head, sealed, cipher.getAuthTag(), nonce.subarray(0, 4)]);
}
