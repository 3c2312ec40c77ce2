/**
 * What a document delegates must leave every role to those who have it, and clients able to load every role. The keys of a
 * delegate are enough for its document, so nobody else looks at it before it is published. Proposals and files of roles that
 * are staged follow the same rule.
 */
import {
  binNames,
  findAuthority,
  keyIdOf,
  TufError,
  type Authority,
  type Delegations,
  type RoleName,
  type Root,
  type SuccinctDelegations,
  type Targets,
} from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { binsMax } from "../limits.ts";
import { findDelegators, type Delegators, type RoleView } from "./role-tree.ts";

interface Changed {
  readonly delegator: string;
  /** A role, or the prefix of hash bins. */
  readonly delegated: RoleName;
  readonly by: Authority;
  readonly bins?: SuccinctDelegations | undefined;
}

export interface NewDocument {
  readonly role: string;
  readonly document: Root | Targets;
  readonly before: Root | Targets | undefined;
}

export interface NewDocuments {
  /** The next targets. */
  readonly targets: Targets;
  readonly files: readonly NewDocument[];
}

/**
 * Verifies each delegation that a file adds, or whose keys or threshold it changes: no other role delegates to that name,
 * and the role has a file that these keys signed, in the proposal or as published. The same of hash bins, each of them.
 * @param name of what is refused, for people
 * @throws MasterError MASTER_PROPOSAL_INVALID; MasterError MASTER_ROLE_UNKNOWN after `delegatedRecordsMax` roles
 */
export async function verifyDelegations(view: RoleView, name: string, opened: NewDocuments): Promise<void> {
  const changed = opened.files.flatMap(({ role, document, before }): readonly Changed[] => {
    if (document.type !== "targets") return [];
    return changedDelegations(role, [before?.type === "targets" ? before.delegations : undefined, document]);
  });
  if (changed.length === 0) return;
  const proposed = new Map(opened.files.map(({ role, document }) => [role, document]));
  for (const change of changed) await verifyFiles(view, name, { change, proposed });
  const delegators = await findDelegators(opened.targets, async (role, by) => {
    const document = proposed.get(role);
    return document?.type === "targets" ? document : (await view.readRole({ name: role, by }))?.document;
  });
  for (const change of changed) {
    const other = otherDelegator(change, delegators);
    // The snapshot lists one file for a name: two roles that delegate to it would take it from each other.
    if (other !== undefined) throw invalid(name, change, `${other} delegates to that name`);
  }
}

function otherDelegator(
  { delegator, delegated, bins }: Changed,
  { listed, bins: all }: Delegators,
): string | undefined {
  if (bins === undefined) {
    const binned = all.find(({ delegations }) => findAuthority(delegations, delegated) !== undefined);
    return listed.get(delegated)?.find((other) => other !== delegator) ?? binned?.delegator;
  }
  const same = all.find(
    (other) => other.delegator !== delegator && other.delegations.succinct.namePrefix === delegated,
  );
  const [, taken] = [...listed].find(([role]) => findAuthority(bins, role) !== undefined) ?? [];
  return same?.delegator ?? taken?.[0];
}

function changedDelegations(
  delegator: string,
  [old, { delegations }]: readonly [Delegations | undefined, Targets],
): readonly Changed[] {
  const before = authoritiesOf(old);
  return [...authoritiesOf(delegations)].flatMap(([key, by]): readonly Changed[] => {
    const known = before.get(key);
    if (known !== undefined && encode(known) === encode(by)) return [];
    if (delegations?.kind !== "succinct") return [{ delegator, delegated: key as RoleName, by }];
    return [{ delegator, delegated: delegations.succinct.namePrefix as RoleName, by, bins: delegations }];
  });
}

/** By role. Hash bins are one entry, which also has their number. */
function authoritiesOf(delegations: Delegations | undefined): ReadonlyMap<string, Authority> {
  if (delegations === undefined) return new Map();
  const { keys } = delegations;
  if (delegations.kind === "listed") return new Map(delegations.roles.map((role) => [role.name, { keys, role }]));
  const { succinct: role } = delegations;
  return new Map([[`${role.bitLength} bits: ${role.namePrefix}`, { keys, role }]]);
}

/** Keys by what they are, because a document can give another key the id of an old one. */
function encode({ keys, role: { keyIds, threshold } }: Authority): string {
  const ids = keyIds.map((keyId) => {
    const key = keys.get(keyId);
    return key === undefined ? "" : keyIdOf(key);
  });
  return JSON.stringify([threshold, ids.toSorted()]);
}

interface Verified {
  readonly change: Changed;
  readonly proposed: ReadonlyMap<string, unknown>;
}

async function verifyFiles(view: RoleView, name: string, { change, proposed }: Verified): Promise<void> {
  const { delegated, bins } = change;
  if (bins !== undefined && 2 ** bins.succinct.bitLength > binsMax) {
    throw invalid(name, change, `these are more than ${binsMax} hash bins`);
  }
  for (const role of bins === undefined ? [delegated] : binNames(bins.succinct)) {
    if (!proposed.has(role)) await verifyFile(view, name, { ...change, delegated: role });
  }
}

async function verifyFile(view: RoleView, name: string, change: Changed): Promise<void> {
  try {
    if ((await view.readRole({ name: change.delegated, by: change.by })) !== undefined) return;
  } catch (error) {
    if (!TufError.is(error)) throw error;
    throw invalid(name, change, `its published file is refused: ${error.message}`);
  }
  throw invalid(name, change, "that role has no file");
}

function invalid(name: string, { delegator, delegated: role }: Changed, why: string): MasterError {
  const message = `${name} is refused: in it ${delegator} delegates to ${JSON.stringify(role)}, but ${why}`;
  return new MasterError("MASTER_PROPOSAL_INVALID", message, { details: { name, delegator, role } });
}
