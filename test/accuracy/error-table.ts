/** The measured errors side by side, and the bounds that ours must keep. */
import assert from "node:assert/strict";
import type { PositionError } from "./position-error.ts";

export type Row = {
  readonly name: string;
  readonly ours: PositionError;
  readonly craigs: PositionError;
};

/** What `ARCHITECTURE.md` promises of a sound's place, in milliseconds. */
const MEDIAN_MS = 2;
const P99_MS = 5;

/** A Markdown table: median / p99 / max in milliseconds, and the sounds that were not heard. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ name, ours, craigs }) => `| ${name} | ${ours.sounds} | ${cells(ours)} | ${cells(craigs)} |`,
  );
  return [
    "| | sounds | ours: median / p99 / max | two people apart, p99 | missing | Craig's: median / p99 / max | two people apart, p99 | missing |",
    "|---|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}

/** @param allowanceMs what the machine itself was late by, where it plays the senders in real time */
export function assertWithinBounds(error: PositionError, allowanceMs = 0): void {
  const figures = JSON.stringify(error);
  assert.ok(error.sounds > 10, `too few sounds to judge by: ${figures}`);
  assert.equal(error.missing, 0, `sounds are missing whose packets came: ${figures}`);
  assert.equal(error.stray, 0, `sounds are where nobody made any: ${figures}`);
  assert.ok(error.medianMs <= MEDIAN_MS + allowanceMs, figures);
  assert.ok(error.p99Ms <= P99_MS + allowanceMs, figures);
  assert.ok(error.apartMs <= P99_MS + allowanceMs, figures);
}

function cells({ medianMs, p99Ms, maxMs, apartMs, missing, lost }: PositionError): string {
  const figures = [medianMs, p99Ms, maxMs].map((milliseconds) => milliseconds.toFixed(2)).join(" / ");
  const unheard = lost === 0 ? `${missing}` : `${missing} (+ ${lost} lost)`;
  return `${figures} | ${apartMs.toFixed(2)} | ${unheard}`;
}
