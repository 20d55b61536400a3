/** Who may do what, computed as Discord does: role permissions first, then the channel's overwrites. Pure. */
import { OverwriteType, PermissionFlagsBits } from "discord-api-types/v10";
import type { APIOverwrite } from "discord-api-types/v10";

/** Every permission there is; what owners and administrators have. */
export const ALL_PERMISSIONS: bigint = Object.values(PermissionFlagsBits).reduce((all, bit) => all | bit, 0n);

/** What ordinary members of the simulated guild may do. */
export const MEMBER_PERMISSIONS: bigint =
  PermissionFlagsBits.ViewChannel |
  PermissionFlagsBits.SendMessages |
  PermissionFlagsBits.ReadMessageHistory |
  PermissionFlagsBits.ChangeNickname |
  PermissionFlagsBits.UseApplicationCommands |
  PermissionFlagsBits.Connect |
  PermissionFlagsBits.Speak |
  PermissionFlagsBits.UseVAD;

/** What the bot is invited with, unless a test says otherwise. */
export const BOT_PERMISSIONS: bigint =
  MEMBER_PERMISSIONS | PermissionFlagsBits.EmbedLinks | PermissionFlagsBits.AttachFiles;

/** Whether every bit is there. */
export function allows(permissions: bigint, needed: bigint): boolean {
  return (permissions & needed) === needed;
}

/** One member as far as permissions are concerned. */
export type Subject = {
  readonly userId: string;
  readonly isOwner: boolean;
  /** Without @everyone. */
  readonly roleIds: readonly string[];
};

/** The member's permissions in the guild, or in a channel when its overwrites are given. */
export function permissionsOf(
  subject: Subject,
  everyoneId: string,
  roles: ReadonlyMap<string, { readonly permissions: string }>,
  overwrites: readonly APIOverwrite[] = [],
): bigint {
  if (subject.isOwner) return ALL_PERMISSIONS;
  let permissions = BigInt(roles.get(everyoneId)?.permissions ?? "0");
  for (const id of subject.roleIds) permissions |= BigInt(roles.get(id)?.permissions ?? "0");
  if (allows(permissions, PermissionFlagsBits.Administrator)) return ALL_PERMISSIONS;
  const apply = (chosen: readonly APIOverwrite[]): void => {
    for (const overwrite of chosen) permissions &= ~BigInt(overwrite.deny);
    for (const overwrite of chosen) permissions |= BigInt(overwrite.allow);
  };
  const roleOverwrites = overwrites.filter((overwrite) => overwrite.type === OverwriteType.Role);
  apply(roleOverwrites.filter((overwrite) => overwrite.id === everyoneId));
  apply(roleOverwrites.filter((overwrite) => subject.roleIds.includes(overwrite.id)));
  apply(
    overwrites.filter(
      (overwrite) => overwrite.type === OverwriteType.Member && overwrite.id === subject.userId,
    ),
  );
  return permissions;
}
