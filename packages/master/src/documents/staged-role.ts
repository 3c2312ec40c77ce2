/** Staged changes of a delegated role: a delegation to it, the removal of it, and the next version of its file. */
import {
  encodeKey,
  keyFromPem,
  keyIdOf,
  parseKey,
  parseRoleName,
  type Delegations,
  type Json,
  type Key,
  type KeyId,
  type ListedDelegations,
  type RoleName,
} from "@dtuf/tuf";
import type { DelegateOptions } from "../contract/contract.ts";
import { MasterError } from "../errors.ts";
import { withKeyHolder } from "./key-owner.ts";

export interface Delegation {
  readonly keys: readonly Key[];
  readonly threshold: number;
  readonly terminating: boolean;
  readonly paths?: readonly string[] | undefined;
  readonly pathHashPrefixes?: readonly string[] | undefined;
}

export type StagedRole =
  | { readonly kind: "revoke" }
  /** Without `delegation`, the existing one stays. */
  | { readonly kind: "put"; readonly delegation?: Delegation | undefined; readonly metadata: Uint8Array };

export type StagedRoles = ReadonlyMap<RoleName, StagedRole>;

/** @throws TufError TUF_KEY_INVALID; TypeError for invalid options */
export function parseDelegation(options: DelegateOptions): Delegation {
  const { paths, pathHashPrefixes, threshold = 1, terminating = false } = options;
  const { owner } = options;
  const keys = options.keys.map((pem) => withKeyHolder(keyFromPem(pem), { owner }));
  if ((paths === undefined) === (pathHashPrefixes === undefined)) {
    throw new TypeError("a delegation has either paths or pathHashPrefixes");
  }
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > keys.length) {
    throw new TypeError(`threshold must be 1 to ${keys.length}, the number of keys`);
  }
  return { keys, threshold, terminating, paths, pathHashPrefixes };
}

/**
 * Applies the changes to the delegations: an existing one keeps its position, new ones come last.
 * @throws MasterError MASTER_BINS_EXIST if they are hash bins, which have no list
 */
export function applyRoles(previous: Delegations | undefined, staged: StagedRoles): Delegations | undefined {
  let delegations = previous;
  for (const [name, change] of staged) {
    if (change.kind === "put" && change.delegation === undefined) continue;
    const listed = listedOf(delegations, name);
    delegations =
      change.kind === "revoke" || change.delegation === undefined
        ? withNeededKeys({ ...listed, roles: listed.roles.filter((role) => role.name !== name) })
        : withDelegation(listed, name, change.delegation);
  }
  return delegations;
}

function listedOf(delegations: Delegations | undefined, name: RoleName): ListedDelegations {
  if (delegations === undefined) return { kind: "listed", keys: new Map(), roles: [], unrecognized: {} };
  if (delegations.kind === "listed") return delegations;
  const message = `it delegates to hash bins, and TUF allows no role beside them in one file: ${name} cannot be delegated to`;
  throw new MasterError("MASTER_BINS_EXIST", message, { details: { role: name } });
}

function withDelegation(listed: ListedDelegations, name: RoleName, delegation: Delegation): ListedDelegations {
  const { keys, threshold, terminating, paths, pathHashPrefixes } = delegation;
  const byId = new Map<KeyId, Key>(keys.map((key) => [keyIdOf(key), key]));
  const role = {
    name,
    keyIds: [...byId.keys()],
    threshold,
    terminating,
    ...(paths === undefined ? {} : { paths }),
    ...(pathHashPrefixes === undefined ? {} : { pathHashPrefixes }),
    unrecognized: listed.roles.find((other) => other.name === name)?.unrecognized ?? {},
  };
  const known = listed.roles.some((other) => other.name === name);
  const roles = known ? listed.roles.map((other) => (other.name === name ? role : other)) : [...listed.roles, role];
  return withNeededKeys({ ...listed, keys: new Map([...listed.keys, ...byId]), roles });
}

/** Removes keys that no role names any more. */
function withNeededKeys(listed: ListedDelegations): ListedDelegations {
  const named = new Set(listed.roles.flatMap(({ keyIds }) => keyIds));
  return { ...listed, keys: new Map([...listed.keys].filter(([id]) => named.has(id))) };
}

/** @param order place among the roles that are staged in files of their own */
export function encodeStagedRole(name: RoleName, change: StagedRole, order?: number): string {
  if (change.kind === "revoke") return JSON.stringify({ role: name, order, revoke: true });
  const { delegation, metadata } = change;
  return JSON.stringify({
    role: name,
    order,
    metadata: Buffer.from(metadata).toString("base64"),
    ...(delegation === undefined ? {} : { delegation: { ...delegation, keys: delegation.keys.map(encodeKey) } }),
  });
}

/** @throws MasterError MASTER_STATE_INVALID */
export function parseStagedRole(bytes: Uint8Array, path: string): readonly [RoleName, StagedRole] {
  try {
    const { role, revoke, metadata, delegation } = JSON.parse(Buffer.from(bytes).toString("utf8")) as StagedRoleFile;
    const name = parseRoleName(role);
    if (revoke === true) return [name, { kind: "revoke" }];
    const file = Buffer.from(metadata, "base64");
    if (delegation === undefined) return [name, { kind: "put", metadata: file }];
    return [name, { kind: "put", metadata: file, delegation: { ...delegation, keys: delegation.keys.map(parseKey) } }];
  } catch (cause) {
    throw new MasterError("MASTER_STATE_INVALID", `${path} is not a staged role`, { details: { path }, cause });
  }
}

/** Of a file that `parseStagedRole` has accepted. 0: it was written before there was an order. */
export function orderOfStagedRole(bytes: Uint8Array): number {
  const { order } = JSON.parse(Buffer.from(bytes).toString("utf8")) as StagedRoleFile;
  return typeof order === "number" ? order : 0;
}

/** As `encodeStagedRole` writes it. Its content is verified when the release is signed. */
interface StagedRoleFile {
  readonly role: string;
  readonly order?: unknown;
  readonly revoke?: boolean;
  readonly metadata: string;
  readonly delegation?: Omit<Delegation, "keys"> & { readonly keys: readonly Json[] };
}
