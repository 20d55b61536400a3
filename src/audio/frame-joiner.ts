/** Fits decoded frames to the places that the timeline gave them. Pure; one per track. */
import { BYTES_PER_SAMPLE } from "./pcm.ts";
import type { Channels } from "./pcm.ts";
import { stretch } from "./stretch.ts";
import { CROSSFADE_SAMPLES } from "./timeline.ts";

export class FrameJoiner {
  readonly #channels: Channels;
  readonly #blockBytes: number;
  /** The last samples joined, to be mixed with what overlaps them. */
  readonly #tail: Buffer;
  #tailSamples = 0;
  #end = -Infinity;

  constructor(channels: Channels) {
    this.#channels = channels;
    this.#blockBytes = channels * BYTES_PER_SAMPLE;
    this.#tail = Buffer.alloc(CROSSFADE_SAMPLES * this.#blockBytes);
  }

  /** Returns the frame with a duration of `span` samples; the buffer given, unless it has to change. */
  fit(pcm: Buffer, span: number): Buffer {
    return pcm.length === span * this.#blockBytes ? pcm : stretch(pcm, this.#channels, span);
  }

  /**
   * Returns the frame after the one joined last: `span` samples to be written at `position`, which replace what overlaps.
   * Where it begins before that one's end, by up to `CROSSFADE_SAMPLES`, both are mixed; by more, it takes its place.
   */
  join(pcm: Buffer, position: number, span: number): Buffer {
    const fitted = this.fit(pcm, span);
    const overlap = this.#end - position;
    const joined = overlap > 0 && overlap <= this.#tailSamples ? this.#mix(fitted, overlap) : fitted;
    this.#tailSamples = Math.min(CROSSFADE_SAMPLES, span);
    joined.copy(this.#tail, 0, joined.length - this.#tailSamples * this.#blockBytes);
    this.#end = position + span;
    return joined;
  }

  /** Fades the tail's last samples out over the frame's first ones. */
  #mix(pcm: Buffer, overlap: number): Buffer {
    const mixed = Buffer.from(pcm);
    const tailFrom = (this.#tailSamples - overlap) * this.#blockBytes;
    for (let sample = 0; sample < overlap; sample++) {
      const share = (sample + 0.5) / overlap;
      for (let channel = 0; channel < this.#channels; channel++) {
        const at = (sample * this.#channels + channel) * BYTES_PER_SAMPLE;
        const before = this.#tail.readInt16LE(tailFrom + at);
        mixed.writeInt16LE(Math.round(before + (pcm.readInt16LE(at) - before) * share), at);
      }
    }
    return mixed;
  }
}
