/**
 * What a proposal delegates must leave every role to those who have it, and clients able to load every role. The keys of a
 * delegate are enough for its document, so nobody else looks at it before it is published.
 */
import { keyIdOf, TufError, type Authority, type Delegations, type RoleName, type Targets } from "@dtuf/tuf";
import { MasterError } from "../../errors.ts";
import type { OpenedFiles, PublishedView } from "./place-files.ts";
import { findDelegators } from "./role-tree.ts";

interface Changed {
  readonly delegator: string;
  readonly delegated: RoleName;
  readonly by: Authority;
}

/**
 * Verifies each delegation that a file adds, or whose keys or threshold it changes: no other role delegates to that name,
 * and the role has a file that these keys signed, in the proposal or as published. Hash bins cannot be proposed.
 * @param name of the proposal
 * @throws MasterError MASTER_PROPOSAL_INVALID; MasterError MASTER_ROLE_UNKNOWN after `delegatedRecordsMax` roles
 */
export async function verifyDelegations(view: PublishedView, name: string, opened: OpenedFiles): Promise<void> {
  const changed = opened.files.flatMap(({ role, document, before }): readonly Changed[] => {
    if (document.type !== "targets") return [];
    return changedDelegations(name, role, [before?.type === "targets" ? before.delegations : undefined, document]);
  });
  if (changed.length === 0) return;
  const proposed = new Map(opened.files.map(({ role, document }) => [role, document]));
  for (const change of changed) if (!proposed.has(change.delegated)) await verifyFile(view, name, change);
  const delegators = await findDelegators(opened.targets, async (role, by) => {
    const document = proposed.get(role);
    return document?.type === "targets" ? document : (await view.readRole({ name: role, by }))?.document;
  });
  for (const change of changed) {
    const other = delegators.get(change.delegated)?.find((delegator) => delegator !== change.delegator);
    // The snapshot lists one file for a name: two roles that delegate to it would take it from each other.
    if (other !== undefined) throw invalid(name, change, `${other} delegates to that name`);
  }
}

function changedDelegations(
  name: string,
  delegator: string,
  [old, { delegations }]: readonly [Delegations | undefined, Targets],
): readonly Changed[] {
  const before = authoritiesOf(old);
  return [...authoritiesOf(delegations)].flatMap(([delegated, by]): readonly Changed[] => {
    const change = { delegator, delegated, by };
    const known = before.get(delegated);
    if (known !== undefined && encode(known) === encode(by)) return [];
    if (delegations?.kind === "succinct") throw invalid(name, change, "hash bins cannot be proposed");
    return [change];
  });
}

/** By role. Hash bins have the prefix of their names here. */
function authoritiesOf(delegations: Delegations | undefined): ReadonlyMap<RoleName, Authority> {
  if (delegations === undefined) return new Map();
  const { keys } = delegations;
  if (delegations.kind === "listed") return new Map(delegations.roles.map((role) => [role.name, { keys, role }]));
  const { succinct: role } = delegations;
  return new Map([[`${role.namePrefix}-${role.bitLength}` as RoleName, { keys, role }]]);
}

/** Keys by what they are, because a document can give another key the id of an old one. */
function encode({ keys, role: { keyIds, threshold } }: Authority): string {
  const ids = keyIds.map((keyId) => {
    const key = keys.get(keyId);
    return key === undefined ? "" : keyIdOf(key);
  });
  return JSON.stringify([threshold, ids.toSorted()]);
}

async function verifyFile(view: PublishedView, name: string, change: Changed): Promise<void> {
  try {
    if ((await view.readRole({ name: change.delegated, by: change.by })) !== undefined) return;
  } catch (error) {
    if (!TufError.is(error)) throw error;
    throw invalid(name, change, `its published file is refused: ${error.message}`);
  }
  throw invalid(name, change, "that role has no file");
}

function invalid(name: string, { delegator, delegated: role }: Changed, why: string): MasterError {
  const message = `proposal ${name} is refused: in it ${delegator} delegates to ${JSON.stringify(role)}, but ${why}`;
  return new MasterError("MASTER_PROPOSAL_INVALID", message, { details: { name, delegator, role } });
}
