/**
 * Where things lie in the queue's shared memory. Both sides and the tests read this; nothing else may.
 *
 * `control` holds 32-bit words, each on a cache line of its own so that the two sides do not slow each other down.
 * `ring` holds slot numbers in the order of the frames. `slots` holds the slots: 64 bytes of header, then the PCM.
 */
import { BYTES_PER_SAMPLE, FRAME_SAMPLES } from "../audio/pcm.ts";

const WORDS_PER_CACHE_LINE = 16;

/** Frames ever accepted, wrapping at 32 bits. Written by the producer. */
export const TAIL_WORD = 0;
/** Frames ever taken, wrapping at 32 bits. Written by the consumer. */
export const HEAD_WORD = WORDS_PER_CACHE_LINE;
/** Slots ever used: the high-water mark, and with it the memory in use. Written by the producer. */
export const TOUCHED_WORD = 2 * WORDS_PER_CACHE_LINE;
/** Frames refused, wrapping at 32 bits. Written by the producer. */
export const REFUSED_WORD = 3 * WORDS_PER_CACHE_LINE;
/** Changes with every control message; what a sleeping consumer watches. */
export const WAKE_WORD = 4 * WORDS_PER_CACHE_LINE;

export const CONTROL_BYTES = 5 * WORDS_PER_CACHE_LINE * Int32Array.BYTES_PER_ELEMENT;

/** Largest PCM of one slot: 20 ms of stereo. Mono uses half of it; memory is per slot, not per byte. */
export const SLOT_PCM_BYTES = FRAME_SAMPLES * 2 * BYTES_PER_SAMPLE;
/** One cache line of header, so that the PCM is aligned to one as well. */
export const SLOT_HEADER_BYTES = 64;
export const SLOT_BYTES = SLOT_HEADER_BYTES + SLOT_PCM_BYTES;

// Header fields, as offsets from the slot's start in units of the field's own type.
/** Discord's user id, unsigned 64-bit. */
export const USER_ID_U64 = 0;
/** Sample position; a double holds every integer up to 2^53. */
export const POSITION_F64 = 1;
export const RECORDING_I32 = 4;
export const TRACK_I32 = 5;
export const CHANNELS_I32 = 6;
export const PCM_BYTES_I32 = 7;
/** Packets that end with this frame: 1 or 0. */
export const PACKETS_I32 = 8;
