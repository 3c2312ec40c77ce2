/** Drops staged changes that are published now, because a proposal that carried them was accepted, here or elsewhere. */
import {
  binNames,
  parseUnverified,
  type Delegations,
  type RoleName,
  type Snapshot,
  type TargetPath,
  type Targets,
} from "@dtuf/tuf";
import { binsOf, readBinTargets } from "../bins/read-bins.ts";
import { isSameTarget, type StagedTargets, type TargetMap } from "../documents/changes.ts";
import { changeDelegations, changePeriods, planNextRoot } from "../documents/key-changes.ts";
import { withPeriods } from "../documents/periods.ts";
import { isEmpty, type RoleChanges } from "../documents/role-changes.ts";
import { encodeDelegationsText } from "../bins/delegations-text.ts";
import { planBins, type BinRole, type StagedBins } from "../documents/staged-bins.ts";
import { applyRoles, type StagedRoles } from "../documents/staged-role.ts";
import type { Base } from "../published/base.ts";
import type { Operation } from "../state/operation.ts";
import { openRole, topLevelParent } from "./draft.ts";

/** The base must be saved in the record already. */
export async function settle(operation: Operation, base: Base): Promise<void> {
  const { files } = operation;
  const state = operation.state();
  const published = await findPublishedChanges(operation, base);
  for (const path of published.targets) await files.unstage(state, path);
  if (published.bins) await files.unstageBins(state);
  for (const name of published.roles) await files.unstageRole(state, name);
  if (published.keys) await files.unstageKeyChanges(state);
}

/** The operation, which finds only those staged changes that the base does not have. For reading alone. */
export async function withoutPublished(operation: Operation, base: Base): Promise<Operation> {
  const { files } = operation;
  const { targets, roles, keys, bins } = await findPublishedChanges(operation, base);
  return {
    ...operation,
    files: {
      ...files,
      readStaged: async (state) => without(await files.readStaged(state), targets),
      readStagedRoles: async (state) => without(await files.readStagedRoles(state), roles),
      readKeyChanges: async (state) => (keys ? [] : files.readKeyChanges(state)),
      findBins: async (state) => (bins ? undefined : files.findBins(state)),
    },
  };
}

interface PublishedChanges {
  readonly targets: readonly TargetPath[];
  readonly roles: readonly RoleName[];
  /** All changes of keys. */
  readonly keys: boolean;
  readonly bins: boolean;
}

async function findPublishedChanges(operation: Operation, base: Base): Promise<PublishedChanges> {
  const { files } = operation;
  const state = operation.state();
  const { delegations, unrecognized: fields } = base.targets.signed;
  const staged = await files.readStaged(state);
  const targets = await binnedTargets(operation, base.targets.signed, {
    snapshot: base.snapshot.signed,
    names: [...staged.keys()],
  });
  const changes = await files.readKeyChanges(state);
  const root = base.root.signed;
  const isInEffect =
    planNextRoot(root, changes, root) === undefined &&
    changeDelegations(delegations, changes) === delegations &&
    changePeriods("targets", fields, changes) === fields;
  return {
    targets: publishedTargets(targets, staged),
    roles: publishedRoles(delegations, base, await files.readStagedRoles(state)),
    keys: changes.length > 0 && isInEffect,
    bins: areBinsPublished(delegations, await files.findBins(state), topLevelParent(base, root)),
  };
}

interface StagedIn {
  readonly snapshot: Snapshot;
  readonly names: readonly TargetPath[] | "all";
}

/** The role's targets, with those of the hash bins that the names belong to, or of all. */
export async function binnedTargets(
  operation: Operation,
  { targets, delegations }: Targets,
  { snapshot, names }: StagedIn,
): Promise<TargetMap> {
  if (delegations?.kind !== "succinct" || names.length === 0) return targets;
  const bins = names === "all" ? binNames(delegations.succinct) : binsOf(delegations, names);
  return new Map([...targets, ...(await readBinTargets(operation, { delegations, snapshot }, bins))]);
}

function areBinsPublished(delegations: Delegations | undefined, staged: StagedBins | undefined, of: BinRole): boolean {
  if (staged === undefined || delegations?.kind !== "succinct") return false;
  return encodeDelegationsText(planBins(delegations, { staged, of })) === encodeDelegationsText(delegations);
}

/** The same for one delegated role. */
export async function settleRole(operation: Operation, base: Base, role: RoleName): Promise<void> {
  const changes = await operation.team.readRoleChanges(role);
  if (isEmpty(changes)) return;
  const { published, found } = await openRole(operation, base, role);
  if (published === undefined) return;
  const { delegations, unrecognized } = published.document;
  const { periods, bins, targets: staged } = changes;
  const targets = await binnedTargets(operation, published.document, {
    snapshot: base.snapshot.signed,
    names: [...staged.keys()],
  });
  const arePublished = periods !== undefined && withPeriods(unrecognized, periods) === unrecognized;
  const left: RoleChanges = {
    targets: without(changes.targets, publishedTargets(targets, changes.targets)),
    roles: without(changes.roles, publishedRoles(delegations, base, changes.roles)),
    periods: arePublished ? undefined : periods,
    bins: areBinsPublished(delegations, bins, found) ? undefined : bins,
  };
  const isSame =
    left.bins === bins &&
    left.periods === periods &&
    left.targets.size === changes.targets.size &&
    left.roles.size === changes.roles.size;
  if (!isSame) await operation.team.saveRoleChanges(role, left);
}

function publishedTargets(targets: TargetMap, staged: StagedTargets): readonly TargetPath[] {
  return [...staged].flatMap(([path, change]) =>
    isSameTarget(targets.get(path), change.kind === "put" ? change.file : undefined) ? [path] : [],
  );
}

function publishedRoles(
  delegations: Delegations | undefined,
  { snapshot }: Base,
  staged: StagedRoles,
): readonly RoleName[] {
  return [...staged].flatMap(([name, change]) => {
    const after = applyRoles(delegations, new Map([[name, change]]));
    if (encodeDelegationsText(after) !== encodeDelegationsText(delegations)) return [];
    if (change.kind === "revoke") return [name];
    const listed = snapshot.signed.meta.get(`${name}.json`);
    const { version } = parseUnverified(change.metadata, "targets");
    // With more signatures than were staged, the published file has other bytes.
    return listed !== undefined && listed.version >= version ? [name] : [];
  });
}

function without<K, V>(map: ReadonlyMap<K, V>, keys: readonly unknown[]): ReadonlyMap<K, V> {
  return new Map([...map].filter(([key]) => !keys.includes(key)));
}
