import { nonceOf } from "./media-lock.ts";

/** A packet of media after transport decryption; `media` is replaced by the Opus packet once it is opened. */
export type MediaPacket = {
  readonly sequence: number;
  readonly timestamp: number;
  /** Samples on the recording's clock. */
  readonly arrival: number;
  /** Of its end-to-end encryption; see `nonceOf`. */
  readonly nonce: number;
  samples: number;
  silent: boolean;
  media: Buffer;
  /** It waited for a key or a mapping. */
  held: boolean;
  /** It has its place in the books; it may be placed again. */
  settled: boolean;
};

/** A packet as it was received: nothing is known of what it holds. */
export function receivedMedia(
  sequence: number,
  timestamp: number,
  arrival: number,
  media: Buffer,
): MediaPacket {
  const nonce = nonceOf(media);
  return {
    sequence,
    timestamp,
    arrival,
    nonce,
    samples: 0,
    silent: false,
    media,
    held: false,
    settled: false,
  };
}
