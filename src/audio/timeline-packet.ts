/** What a timeline has to know of a packet. Times, timestamps and durations in samples at 48 kHz. */
export type TimelinePacket = {
  /** Extended; see `rtp-unwrap.ts`. */
  readonly sequence: number;
  /** Extended. */
  readonly timestamp: number;
  /** On the recording's clock; fractions allowed. */
  readonly arrival: number;
  /** Duration. */
  readonly samples: number;
  /** Discord's silence frame, which a server may make up: it never anchors anything. */
  readonly silent: boolean;
};
