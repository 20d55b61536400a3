/** What keeps a program from more speakers, from what was measured while it lost packets. Pure. */
import type { Talking } from "../harness/run.ts";

export type Limit =
  /** Nothing was lost. */
  | "none"
  /** What listens has no time left. */
  | "listening thread"
  /** What listens has time, but the kernel's buffer did not last until it came. */
  | "socket buffer"
  /** Every packet reached the program. */
  | "program"
  /** What listens could have run and had no core, or all cores are busy: with the load, and whatever else runs here. */
  | "machine"
  /** The load did not keep its own time. */
  | "load";

export type LimitFigures = Talking & {
  readonly lostPackets: number;
  readonly kernelDrops: number;
  readonly senderP99Ms: number;
  readonly senderCores: number;
};

/** A load that is later than this sends in bursts. */
export const IN_TIME_MS = 10;
/** Of a core, or of all of them, that counts as full: what the kernel itself needs is in none of the figures. */
const FULL = 0.85;

export function limitOf(figures: LimitFigures, machineCores: number): Limit {
  const { lostPackets, kernelDrops, cores, listening, listeningWaited, senderP99Ms, senderCores } = figures;
  if (lostPackets <= 0) return "none";
  if (kernelDrops < lostPackets / 2) return "program";
  if (listening >= FULL) return "listening thread";
  if (listening + listeningWaited >= FULL || cores + senderCores >= FULL * machineCores) return "machine";
  if (senderP99Ms >= IN_TIME_MS) return "load";
  return "socket buffer";
}
