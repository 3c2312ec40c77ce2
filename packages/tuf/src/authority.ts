import type { Delegations } from "./delegations.ts";
import type { RoleName } from "./names.ts";
import type { Authority } from "./role.ts";
import { isBinName } from "./succinct.ts";

/** Returns who may sign a delegated role, or undefined if it is not delegated here. The name of a bin must be one of the delegated bins. */
export function findAuthority(delegations: Delegations | undefined, name: RoleName): Authority | undefined {
  if (delegations === undefined) return undefined;
  const { keys } = delegations;
  if (delegations.kind === "succinct") {
    return isBinName(delegations.succinct, name) ? { keys, role: delegations.succinct } : undefined;
  }
  const role = delegations.roles.find((listed) => listed.name === name);
  return role === undefined ? undefined : { keys, role };
}
