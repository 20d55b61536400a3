import type { Change } from "./changes.ts";
import { u8, vector } from "./tls-codec.ts";
import type { DueTransition } from "./transitions.ts";

/** A message for one member; a binary body comes without the sequence number and the op byte. */
export type DaveOutput =
  | { readonly to: string; readonly kind: "binary"; readonly op: 25 | 27 | 29 | 30; readonly body: Buffer }
  | { readonly to: string; readonly kind: "json"; readonly op: 21 | 22 | 23 | 24; readonly data: object };

/** Op 27, append. */
export function appendFor(to: string, changes: readonly Change[]): DaveOutput {
  const body = Buffer.concat([u8(0), vector(...changes.map(({ proposal }) => proposal.message))]);
  return { to, kind: "binary", op: 27, body };
}

/** Op 27, revoke. */
export function revokeFor(to: string, { proposal }: Change): DaveOutput {
  return { to, kind: "binary", op: 27, body: Buffer.concat([u8(1), vector(vector(proposal.ref))]) };
}

/** Op 24: the group of one ends; a client starts over on epoch 1 and sends a new key package. */
export function prepareEpochFor(to: string): DaveOutput {
  return { to, kind: "json", op: 24, data: { transition_id: 0, epoch: 1, protocol_version: 1 } };
}

/** Op 21: end-to-end encryption ends with this transition. */
export function prepareDowngradeFor(to: string, transitionId: number): DaveOutput {
  return { to, kind: "json", op: 21, data: { transition_id: transitionId, protocol_version: 0 } };
}

/** Op 29 for each follower, op 30 for each joiner. */
export function announcements(
  transitionId: Buffer,
  commit: Buffer,
  followers: readonly string[],
  welcomes: ReadonlyMap<string, Buffer>,
): DaveOutput[] {
  const body = Buffer.concat([transitionId, commit]);
  const outputs = followers.map((to): DaveOutput => ({ to, kind: "binary", op: 29, body }));
  for (const [to, welcome] of welcomes) {
    outputs.push({ to, kind: "binary", op: 30, body: Buffer.concat([transitionId, welcome]) });
  }
  return outputs;
}

/** Op 22 for everybody who takes part. */
export function executions(due: readonly DueTransition[]): DaveOutput[] {
  return due.flatMap(({ id, participants }) =>
    participants.map((to): DaveOutput => ({ to, kind: "json", op: 22, data: { transition_id: id } })),
  );
}
