/** Discord's ids: milliseconds since 2015 in the upper bits, so that clients read a creation time from them. */

const DISCORD_EPOCH_MS = 1_420_070_400_000n;
let increment = 0n;

/** A new id, unique in this process and larger than every earlier one of this millisecond. */
export function snowflake(): string {
  increment = (increment + 1n) & 0x3f_ffffn;
  return String(((BigInt(Date.now()) - DISCORD_EPOCH_MS) << 22n) | increment);
}
