/** Reads the documents of delegated roles for the tree: the first ones in the order of trust, no hash bins. */
import { CopyError } from "@dtuf/copy";
import { OciError } from "@dtuf/registry";
import { findAuthority, parseRoleName, TufError, type Delegations, type RoleName } from "@dtuf/tuf";
import type { Seen } from "../client-look.ts";
import type { FindRole } from "./delegations.ts";
import { delegationsMax, depthMax, loadedRolesMax } from "../limits.ts";
import type { ReadRole } from "../roles.ts";

export interface DelegatedRoles {
  readonly read: readonly ReadRole[];
  readonly find: FindRole;
  /** Of the bins that were met. */
  readonly bins: number;
}

export async function readDelegatedRoles(seen: Seen): Promise<DelegatedRoles> {
  const { set } = seen;
  const read: ReadRole[] = [];
  const unread = new Map<RoleName, string>();
  const visited = new Set<RoleName>();
  let bins = 0;
  const visit = async (delegations: Delegations | undefined, above: readonly RoleName[]): Promise<void> => {
    const delegator = above.at(-1);
    if (delegations === undefined || delegator === undefined) return;
    if (delegations.kind === "succinct") {
      bins += 2 ** delegations.succinct.bitLength;
      return;
    }
    for (const { name } of delegations.roles.slice(0, delegationsMax)) {
      if (visited.has(name) || above.length >= depthMax) continue;
      visited.add(name);
      const reason =
        read.length >= loadedRolesMax ? "more roles than are read here" : await load(seen, name, delegator);
      const document = set.delegated(name, delegator);
      const by = findAuthority(delegations, name);
      if (document === undefined || by === undefined || reason !== undefined) {
        unread.set(name, reason ?? "it was not read");
        continue;
      }
      read.push({ delegator, by, document });
      await visit(document.signed.delegations, [...above, name]);
    }
  };
  await visit(set.targets?.signed.delegations, [parseRoleName("targets")]);
  const find: FindRole = (role, delegator) =>
    set.delegated(role, delegator)?.signed ?? unread.get(role) ?? "another way leads to it first";
  return { read, find, bins };
}

/** The reason if it failed: clients go on without the role, too. */
async function load({ set, load: fetch }: Seen, role: RoleName, delegator: RoleName): Promise<string | undefined> {
  try {
    if (set.delegated(role, delegator) === undefined) await fetch(role, delegator);
    return undefined;
  } catch (error) {
    if (!TufError.is(error) && !CopyError.is(error) && !OciError.is(error)) throw error;
    return `${error.message} (${error.code})`;
  }
}
