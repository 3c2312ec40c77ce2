/** Stages changes of keys and thresholds, and signs the next root that contains them. */
import {
  isTopLevelRole,
  keyIdOf,
  keyMaterial,
  parseUnverified,
  signDocument,
  topLevelRoles,
  type Authority,
  type Delegations,
  type Key,
  type KeyId,
  type Root,
  type Signer,
  type TopLevelRole,
} from "@dtuf/tuf";
import type { AddKeyOptions, Periods, RoleKey, RoleKeys, StagedKeyChange } from "../contract/keys.ts";
import { changeDelegations, findKeyId, planNextRoot, type KeyChange } from "../documents/key-changes.ts";
import { keyHolderOf, withKeyHolder } from "../documents/key-owner.ts";
import { isPeriods, termsOf } from "../documents/periods.ts";
import { expiryOf } from "../documents/plan.ts";
import { listRootSigners, missingHolders, missingText } from "../documents/root-signers.ts";
import { applyRoles } from "../documents/staged-role.ts";
import { MasterError } from "../errors.ts";
import type { Base } from "../published/base.ts";
import type { Operation } from "../state/operation.ts";
import { openNewestRoot } from "./sign.ts";

/** @throws MasterError MASTER_KEY_INVALID, MASTER_KEY_EXISTS, MASTER_ROLE_UNKNOWN */
export async function addKey(
  operation: Operation,
  role: string,
  { key: given, owner, uri }: { readonly key: Key } & AddKeyOptions,
): Promise<KeyId> {
  if (keyMaterial(given) === undefined) {
    throw new MasterError(
      "MASTER_KEY_INVALID",
      `no client can verify with this ${given.keyType} key (${given.scheme})`,
      {
        details: { role, keyType: given.keyType, scheme: given.scheme },
      },
    );
  }
  const { after } = await readRole(operation, role);
  const known = findKeyId(after.keys, after.role.keyIds, given);
  const keyId = findKeyId(after.keys, after.keys.keys(), given) ?? keyIdOf(given);
  const key = withKeyHolder(after.keys.get(keyId) ?? given, { owner, uri });
  if (known !== undefined) {
    throw new MasterError("MASTER_KEY_EXISTS", `${role} has this key already, as ${known}`, {
      details: { role, keyId: known },
    });
  }
  await stage(operation, { kind: "add", role, keyId, key });
  return keyId;
}

/** @throws MasterError MASTER_KEY_UNKNOWN, MASTER_LAST_KEY, MASTER_THRESHOLD_TOO_HIGH, MASTER_ROLE_UNKNOWN */
export async function removeKey(operation: Operation, role: string, keyIdOrOwner: string): Promise<KeyId> {
  const { after } = await readRole(operation, role);
  const keyId = findNamedKey(after, role, keyIdOrOwner);
  if (after.role.keyIds.length === 1) {
    throw new MasterError("MASTER_LAST_KEY", `${keyId} is the last key of ${role}: add another one first`, {
      details: { role, keyId },
    });
  }
  await stage(operation, { kind: "remove", role, keyId });
  return keyId;
}

/** @throws MasterError MASTER_THRESHOLD_TOO_HIGH, MASTER_ROLE_UNKNOWN; TypeError */
export async function setThreshold(operation: Operation, role: string, threshold: number): Promise<void> {
  if (!Number.isSafeInteger(threshold) || threshold < 1) throw new TypeError("a threshold is 1 or more");
  await readRole(operation, role);
  await stage(operation, { kind: "threshold", role, threshold });
}

/** For a top-level role. @throws TypeError */
export async function setPeriods(operation: Operation, role: TopLevelRole, periods: Periods): Promise<void> {
  verifyPeriods(periods);
  await operation.files.stageKeyChange(operation.state(), { kind: "periods", role, ...periods });
}

export function verifyPeriods(periods: Periods): void {
  if (!isPeriods(periods)) throw new TypeError("expiryDays is 2 to 7320, signingDays 1 or more and less");
}

export async function listRoleKeys(operation: Operation): Promise<readonly RoleKeys[]> {
  const { before, after } = await readAuthorities(operation, await stagedOf(operation));
  const roles: RoleKeys[] = [];
  for (const [role, staged] of after)
    roles.push(await describeRole(operation, role, { before: before.get(role), staged }));
  return roles;
}

export function describeKeyChanges(changes: readonly KeyChange[]): readonly StagedKeyChange[] {
  return changes.map((change) => {
    if (change.kind === "threshold") return { change: "threshold", role: change.role, threshold: change.threshold };
    if (change.kind === "periods") {
      const { kind, role, expiryDays, signingDays } = change;
      return { change: kind, role, expiryDays, signingDays };
    }
    const owner = change.kind === "add" ? keyHolderOf(change.key).owner : undefined;
    return { change: change.kind, role: change.role, keyId: change.keyId, ...(owner === undefined ? {} : { owner }) };
  });
}

/** The root that the staged changes make, unsigned, and the root before it. */
export interface NextRoot {
  readonly current: Root;
  readonly next: Root;
}

/** Returns undefined if no staged change needs a new root. */
export async function openNextRoot(
  operation: Operation,
  base: Pick<Base, "root" | "roots">,
): Promise<NextRoot | undefined> {
  const { root: current } = await openNewestRoot(operation, base);
  const edition = { version: current.version + 1, expires: current.expires };
  const root = planNextRoot(current, await stagedOf(operation), edition);
  if (root === undefined) return undefined;
  return { current, next: { ...root, expires: expiryOf("root", termsOf(operation, { root })) } };
}

/**
 * Signs the root that the staged changes make and stages it. The changes stay staged until it is published: if another
 * publisher changes the root first, they are applied to that one.
 * @throws MasterError MASTER_SIGNATURES_MISSING; nothing is then changed
 */
export async function signNextRoot(operation: Operation, base: Pick<Base, "root" | "roots">): Promise<void> {
  const planned = await openNextRoot(operation, base);
  if (planned === undefined) return;
  const { current, next } = planned;
  const here = new Set([
    ...(await operation.ring.keyIdsHere("root", current)),
    ...(await operation.ring.keyIdsHere("root", next)),
  ]);
  verifyEnoughHere(planned, here);
  const signers = await rootSigners(operation, planned);
  const file = await operation.files.saveMetadata(next.version, await signDocument(next, signers));
  const state = operation.state();
  await operation.save({ ...state, stagedRoots: [...state.stagedRoots, file] });
}

async function rootSigners({ ring }: Operation, { current, next }: NextRoot): Promise<readonly Signer[]> {
  return [...(await ring.signersFor("root", current)), ...(await ring.signersFor("root", next))];
}

function verifyEnoughHere(planned: NextRoot, here: ReadonlySet<KeyId>): void {
  const thresholds = listRootSigners(planned.current, planned.next, here);
  const unmet = thresholds.filter(({ signed, threshold }) => signed < threshold);
  if (unmet.length === 0) return;
  const missing = missingHolders(thresholds);
  const needs = unmet.map(
    ({ version, threshold, signed }) => `${threshold} keys of root ${version} must sign, ${signed} here`,
  );
  throw new MasterError(
    "MASTER_SIGNATURES_MISSING",
    `root ${planned.next.version} is staged and not signed: ${needs.join("; ")}; missing: ${missingText(thresholds)}`,
    { details: { role: "root", version: planned.next.version, missing } },
  );
}

interface RoleStates {
  readonly before: ReadonlyMap<string, Authority>;
  readonly after: ReadonlyMap<string, Authority>;
}

const stagedOf = (operation: Operation): Promise<readonly KeyChange[]> =>
  operation.files.readKeyChanges(operation.state());

/** The roles as they were published or signed here, and as they are after the changes. */
async function readAuthorities(operation: Operation, changes: readonly KeyChange[]): Promise<RoleStates> {
  const { files } = operation;
  const state = operation.state();
  const newest = [...state.roots, ...state.stagedRoots].at(-1);
  if (newest === undefined) throw new TypeError("a record has at least one root");
  const root = parseUnverified(await files.readMetadata(newest), "root");
  const targets = parseUnverified(await files.readMetadata(state.head.targets), "targets");
  const delegations = applyRoles(targets.delegations, await files.readStagedRoles(state));
  const next = planNextRoot(root, changes, { version: root.version + 1, expires: root.expires }) ?? root;
  return {
    before: authoritiesOf(root, delegations),
    after: authoritiesOf(next, changeDelegations(delegations, changes)),
  };
}

function authoritiesOf({ keys, roles }: Root, delegations: Delegations | undefined): ReadonlyMap<string, Authority> {
  const top = topLevelRoles.map((name): [string, Authority] => [name, { keys, role: roles[name] }]);
  if (delegations === undefined) return new Map(top);
  const listed: readonly (readonly [string, Authority["role"]])[] =
    delegations.kind === "listed"
      ? delegations.roles.map((role) => [role.name, role] as const)
      : [[delegations.succinct.namePrefix, delegations.succinct]];
  return new Map([
    ...top,
    ...listed.map(([name, role]): [string, Authority] => [name, { keys: delegations.keys, role }]),
  ]);
}

/** @throws MasterError MASTER_ROLE_UNKNOWN */
async function readRole(operation: Operation, role: string): Promise<{ readonly after: Authority }> {
  const { after } = await readAuthorities(operation, await stagedOf(operation));
  const found = after.get(role);
  if (found !== undefined) return { after: found };
  throw new MasterError("MASTER_ROLE_UNKNOWN", `targets does not delegate to ${JSON.stringify(role)}`, {
    details: { role },
  });
}

/** Stages the change if the role can meet its threshold afterwards. */
async function stage(operation: Operation, change: KeyChange): Promise<void> {
  const { role } = change;
  const after = (await readAuthorities(operation, [...(await stagedOf(operation)), change])).after.get(role);
  const keys = after?.role.keyIds.length ?? 0;
  const threshold = after?.role.threshold ?? 1;
  if (threshold > keys) {
    throw new MasterError(
      "MASTER_THRESHOLD_TOO_HIGH",
      `${role} would have ${keys} keys and a threshold of ${threshold}: nothing was staged`,
      { details: { role, threshold, keys } },
    );
  }
  await operation.files.stageKeyChange(operation.state(), change);
}

/** @throws MasterError MASTER_KEY_UNKNOWN */
function findNamedKey({ keys, role }: Authority, name: string, wanted: string): KeyId {
  const matches = role.keyIds.filter((keyId) => {
    const key = keys.get(keyId);
    const owner = key === undefined ? undefined : keyHolderOf(key).owner;
    return keyId === wanted || owner === wanted || (wanted.length >= 8 && keyId.startsWith(wanted));
  });
  const [found] = matches;
  if (found !== undefined && matches.length === 1) return found;
  const message =
    matches.length > 1 ? `${matches.length} keys of ${name} fit ${wanted}` : `${name} has no key ${wanted}`;
  throw new MasterError(
    "MASTER_KEY_UNKNOWN",
    `${message}: ${(matches.length > 1 ? matches : role.keyIds).join(", ")}`,
    {
      details: { role: name, wanted, keyIds: role.keyIds },
    },
  );
}

async function describeRole(
  operation: Operation,
  role: string,
  { before, staged }: { readonly before: Authority | undefined; readonly staged: Authority },
): Promise<RoleKeys> {
  const ids = new Set([...(before?.role.keyIds ?? []), ...staged.role.keyIds]);
  const keys: RoleKey[] = [];
  for (const keyId of ids) {
    const key = staged.keys.get(keyId) ?? before?.keys.get(keyId);
    if (key === undefined) continue;
    const isAdded = before !== undefined && !before.role.keyIds.includes(keyId);
    const change = isAdded ? "add" : staged.role.keyIds.includes(keyId) ? undefined : "remove";
    const privateKey = await operation.ring.findPlace(isTopLevelRole(role) ? role : undefined, key);
    const { keyType, scheme } = key;
    keys.push({ keyId, ...keyHolderOf(key), keyType, scheme, privateKey, staged: change });
  }
  const threshold = before?.role.threshold ?? staged.role.threshold;
  const isChanged = threshold !== staged.role.threshold;
  return { role, threshold, ...(isChanged ? { stagedThreshold: staged.role.threshold } : {}), keys };
}
