/**
 * Staged changes of the keys, thresholds and periods of roles, top-level and delegated. Pure. A change that is in effect already
 * changes nothing, so that the same changes can be applied to any newer root.
 */
import {
  encodeKey,
  isTopLevelRole,
  keyMaterial,
  parseKey,
  parseKeyId,
  topLevelRoles,
  type Delegations,
  type Json,
  type JsonObject,
  type Key,
  type KeyId,
  type Role,
  type Root,
  type TopLevelRole,
} from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { isPeriods, withPeriods } from "./periods.ts";
import type { Periods } from "../contract/keys.ts";
import type { Edition } from "./plan.ts";

export type KeyChange =
  | { readonly kind: "add"; readonly role: string; readonly keyId: KeyId; readonly key: Key }
  | { readonly kind: "remove"; readonly role: string; readonly keyId: KeyId }
  | { readonly kind: "threshold"; readonly role: string; readonly threshold: number }
  | ({ readonly kind: "periods"; readonly role: TopLevelRole } & Periods);

/** Of two changes of one thing, the later one counts. */
export function mergeKeyChanges(changes: readonly KeyChange[]): readonly KeyChange[] {
  const merged = new Map<string, KeyChange>();
  for (const change of changes) {
    const thing = JSON.stringify([change.role, "keyId" in change ? change.keyId : change.kind]);
    merged.delete(thing);
    merged.set(thing, change);
  }
  return [...merged.values()];
}

/** The next root as staged, unsigned. Returns undefined if the changes leave the root as it is. */
export function planNextRoot(previous: Root, changes: readonly KeyChange[], edition: Edition): Root | undefined {
  const ofRoot = changes.filter(({ role }) => isTopLevelRole(role));
  const { keys, roles } = previous;
  const changed = topLevelRoles.map((name) => [name, changeRole(roles[name], keys, ofRoles(ofRoot, name))] as const);
  const next = { ...roles, ...Object.fromEntries(changed) };
  const nextKeys = changeKeys(keys, ofRoot, Object.values(next));
  const unrecognized = changePeriods("root", previous.unrecognized, changes);
  const isSame = unrecognized === previous.unrecognized && changed.every(([name, role]) => role === roles[name]);
  if (isSame && isSameKeys(nextKeys, keys)) return undefined;
  return { ...previous, ...edition, unrecognized, keys: nextKeys, roles: next };
}

/** The fields of a document that names its own periods. Returns the same object if nothing changes. */
export function changePeriods(role: "root" | "targets", fields: JsonObject, changes: readonly KeyChange[]): JsonObject {
  const periods = changes.find((change) => change.kind === "periods" && change.role === role);
  return periods?.kind === "periods" ? withPeriods(fields, periods) : fields;
}

/** The delegations of targets with the changes of delegated roles. Hash bins have one role, named by their prefix. */
export function changeDelegations(
  delegations: Delegations | undefined,
  changes: readonly KeyChange[],
): Delegations | undefined {
  const ofDelegated = changes.filter(({ role }) => !isTopLevelRole(role));
  if (delegations === undefined || ofDelegated.length === 0) return delegations;
  const { keys } = delegations;
  if (delegations.kind === "succinct") {
    const before = delegations.succinct;
    const succinct = changeRole(before, keys, ofRoles(ofDelegated, before.namePrefix));
    return { ...delegations, succinct, keys: changeKeys(keys, ofDelegated, [succinct]) };
  }
  const roles = delegations.roles.map((role) => changeRole(role, keys, ofRoles(ofDelegated, role.name)));
  return { ...delegations, roles, keys: changeKeys(keys, ofDelegated, roles) };
}

function ofRoles(changes: readonly KeyChange[], role: string): readonly KeyChange[] {
  return changes.filter((change) => change.role === role);
}

/** Returns the same object if nothing changes. */
function changeRole<R extends Role>(role: R, keys: ReadonlyMap<KeyId, Key>, changes: readonly KeyChange[]): R {
  const keyIds = new Set(role.keyIds);
  let { threshold, unrecognized } = role;
  for (const change of changes) {
    if (change.kind === "threshold") threshold = change.threshold;
    else if (change.kind === "periods") unrecognized = changeOnline(unrecognized, change);
    else if (change.kind === "remove") keyIds.delete(change.keyId);
    else if (findKeyId(keys, keyIds, change.key) === undefined) keyIds.add(change.keyId);
  }
  const isSame = threshold === role.threshold && [...keyIds].join() === role.keyIds.join();
  if (isSame && unrecognized === role.unrecognized) return role;
  return { ...role, keyIds: [...keyIds], threshold, unrecognized };
}

function changeOnline(fields: JsonObject, { role, ...periods }: KeyChange & { kind: "periods" }): JsonObject {
  return role === "snapshot" || role === "timestamp" ? withPeriods(fields, periods) : fields;
}

/** With the added keys, and without those that no role names any more. */
function changeKeys(
  keys: ReadonlyMap<KeyId, Key>,
  changes: readonly KeyChange[],
  roles: readonly Role[],
): ReadonlyMap<KeyId, Key> {
  const named = new Set(roles.flatMap(({ keyIds }) => keyIds));
  const added = changes.flatMap((change) => (change.kind === "add" ? [[change.keyId, change.key] as const] : []));
  return new Map([...keys, ...added].filter(([id]) => named.has(id)));
}

function isSameKeys(a: ReadonlyMap<KeyId, Key>, b: ReadonlyMap<KeyId, Key>): boolean {
  const encode = (keys: ReadonlyMap<KeyId, Key>): string =>
    JSON.stringify([...keys].map(([id, key]) => [id, encodeKey(key)]));
  return encode(a) === encode(b);
}

/** The id among `ids` under which a key with the same material is listed. */
export function findKeyId(keys: ReadonlyMap<KeyId, Key>, ids: Iterable<KeyId>, key: Key): KeyId | undefined {
  const material = keyMaterial(key);
  for (const id of ids) {
    const other = keys.get(id);
    if (other !== undefined && material !== undefined && keyMaterial(other) === material) return id;
  }
  return undefined;
}

export function encodeKeyChanges(changes: readonly KeyChange[]): string {
  return JSON.stringify(
    changes.map((change) => (change.kind === "add" ? { ...change, key: encodeKey(change.key) } : change)),
  );
}

/** @throws MasterError MASTER_STATE_INVALID */
export function parseKeyChanges(bytes: Uint8Array, path: string): readonly KeyChange[] {
  try {
    return (JSON.parse(Buffer.from(bytes).toString("utf8")) as readonly StagedChange[]).map(parseChange);
  } catch (cause) {
    throw new MasterError("MASTER_STATE_INVALID", `${path} is not a list of staged changes of keys`, {
      details: { path },
      cause,
    });
  }
}

/** As `encodeKeyChanges` writes it. */
type StagedChange = Readonly<Record<"kind" | "role" | "keyId", string>> & {
  readonly key: Json;
  readonly threshold: number;
} & Periods;

function parseChange({ kind, role, keyId, key, threshold, expiryDays, signingDays }: StagedChange): KeyChange {
  if (kind === "add") return { kind, role, keyId: parseKeyId(keyId), key: parseKey(key) };
  if (kind === "remove") return { kind, role, keyId: parseKeyId(keyId) };
  if (kind === "threshold" && Number.isInteger(threshold) && threshold >= 1) return { kind, role, threshold };
  const periods = { expiryDays, signingDays };
  if (kind === "periods" && isTopLevelRole(role) && isPeriods(periods)) return { kind, role, ...periods };
  throw new TypeError(`no such change: ${kind}`);
}
