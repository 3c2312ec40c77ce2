/** Succinct hash bins (TAP 15): the bin of a path is the first `bitLength` bits of the SHA-256 of the path. */
import { createHash } from "node:crypto";
import type { SuccinctRoles } from "./delegations.ts";
import type { RoleName, TargetPath } from "./names.ts";

/** The hex SHA-256 of a path, used for hash prefixes and bins. */
export function pathHash(path: TargetPath): string {
  return createHash("sha256").update(path).digest("hex");
}

/** The bin that a path belongs to. */
export function binName(succinct: SuccinctRoles, path: TargetPath): RoleName {
  return nameOf(succinct, Number.parseInt(pathHash(path).slice(0, 8), 16) >>> (32 - succinct.bitLength));
}

/** Yields every bin in order, one at a time, because there may be 2^32. */
export function* binNames(succinct: SuccinctRoles): Generator<RoleName, void, undefined> {
  const count = 2 ** succinct.bitLength;
  for (let bin = 0; bin < count; bin += 1) yield nameOf(succinct, bin);
}

/** Whether a role is one of the bins: prefix, width and range must be right. */
export function isBinName(succinct: SuccinctRoles, role: RoleName): boolean {
  const digits = role.slice(succinct.namePrefix.length + 1);
  if (!/^[0-9a-f]{1,8}$/.test(digits)) return false;
  const bin = Number.parseInt(digits, 16);
  return bin < 2 ** succinct.bitLength && nameOf(succinct, bin) === role;
}

function nameOf(succinct: SuccinctRoles, bin: number): RoleName {
  const width = Math.ceil(succinct.bitLength / 4);
  return `${succinct.namePrefix}-${bin.toString(16).padStart(width, "0")}` as RoleName;
}
