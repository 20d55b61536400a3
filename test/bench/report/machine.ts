import { cpus, loadavg, release, totalmem } from "node:os";

/** What the figures were measured on; without it they mean nothing. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
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
    loadAverage: Number(loadavg()[0]?.toFixed(1)),
  };
}
