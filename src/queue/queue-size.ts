/** How large a queue a machine can afford, and what it is good for. Pure. */
import { SLOT_BYTES } from "./slot-layout.ts";

const FRAMES_PER_SECOND = 50;
/** 13 s of 25 people talking at once: what every machine gets. */
const FEWEST_SLOTS = 16_384;
const MOST_SLOTS = 131_072;
/** Slots are touched only while frames wait, so this share of the memory is taken in a stall alone. */
const MEMORY_SHARE = 1 / 32;

/** The default capacity for a machine with this much memory: a power of two, 16,384 up to 2 GiB, 131,072 from 16 GiB on. */
export function slotsForMemory(memoryBytes: number): number {
  let slots = FEWEST_SLOTS;
  while (slots < MOST_SLOTS && slots * 2 * SLOT_BYTES <= memoryBytes * MEMORY_SHARE) slots *= 2;
  return slots;
}

/** How long a disk may stall before a frame of so many people talking at once is refused. */
export function queueSeconds(slots: number, speakers: number): number {
  return slots / (speakers * FRAMES_PER_SECOND);
}

/** Memory that a full queue holds. */
export function queueBytes(slots: number): number {
  return slots * SLOT_BYTES;
}
