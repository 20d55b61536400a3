import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

/** What the figures were measured on; without it they mean nothing. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  /** What a socket's receive buffer is unless asked for, and at most (net.core.rmem_default, rmem_max); NaN where hidden. */
  readonly receiveBufferBytes: number;
  readonly mostReceiveBufferBytes: number;
  /** Of the last minute: how much else was going on. */
  readonly loadAverage: number;
};

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    receiveBufferBytes: kernelSetting("rmem_default"),
    mostReceiveBufferBytes: kernelSetting("rmem_max"),
    loadAverage: Number(loadavg()[0]?.toFixed(1)),
  };
}

function kernelSetting(name: string): number {
  try {
    return Number(readFileSync(`/proc/sys/net/core/${name}`, "utf8"));
  } catch {
    return Number.NaN; // containers hide it
  }
}
