/** The RTP header (RFC 3550 §5.1) as far as a receiver of Discord voice needs it. Pure; never throws. */

/** Discord's payload type for Opus. */
export const OPUS_PAYLOAD_TYPE = 120;
const FIXED_BYTES = 12;
const EXTENSION_HEADER_BYTES = 4;

/** A parsed header; one object is filled again and again. */
export type RtpHeader = {
  ssrc: number;
  /** 16 bits. */
  sequence: number;
  /** 32 bits, unsigned, at 48 kHz. */
  timestamp: number;
  marker: boolean;
  payloadType: number;
  padded: boolean;
  /** Fixed header, CSRCs and extension header: what `rtpsize` modes authenticate but leave in clear. */
  clearBytes: number;
  /** The extension's content, which stands encrypted at the payload's start. */
  extensionBytes: number;
};

export function emptyRtpHeader(): RtpHeader {
  return {
    ssrc: 0,
    sequence: 0,
    timestamp: 0,
    marker: false,
    payloadType: 0,
    padded: false,
    clearBytes: 0,
    extensionBytes: 0,
  };
}

/** Reads a datagram's header into `header`; false when it is not RTP or too short for what it claims. */
export function parseRtp(datagram: Buffer, header: RtpHeader): boolean {
  if (datagram.length < FIXED_BYTES) return false;
  const first = datagram.readUInt8(0);
  if (first >> 6 !== 2) return false;
  const second = datagram.readUInt8(1);
  const csrcBytes = (first & 0x0f) * 4;
  const extended = (first & 0x10) !== 0;
  const clearBytes = FIXED_BYTES + csrcBytes + (extended ? EXTENSION_HEADER_BYTES : 0);
  if (datagram.length < clearBytes) return false;
  header.padded = (first & 0x20) !== 0;
  header.marker = (second & 0x80) !== 0;
  header.payloadType = second & 0x7f;
  header.sequence = datagram.readUInt16BE(2);
  header.timestamp = datagram.readUInt32BE(4);
  header.ssrc = datagram.readUInt32BE(8);
  header.clearBytes = clearBytes;
  header.extensionBytes = extended ? datagram.readUInt16BE(clearBytes - 2) * 4 : 0;
  return true;
}

/**
 * The media in an opened payload: without the extension's content in front and the padding behind. Empty when there is
 * none; undefined when the lengths contradict each other.
 */
export function mediaOf(payload: Buffer, header: RtpHeader): Buffer | undefined {
  let end = payload.length;
  if (header.padded) {
    const paddingBytes = payload[end - 1];
    if (paddingBytes === undefined || paddingBytes === 0 || paddingBytes > end) return undefined;
    end -= paddingBytes;
  }
  if (header.extensionBytes > end) return undefined;
  return payload.subarray(header.extensionBytes, end);
}
