import { TufError } from "./errors.ts";
import {
  asObject,
  booleanAt,
  fieldOf,
  listAt,
  malformed,
  objectAt,
  positiveAt,
  stringAt,
  stringsAt,
  unrecognizedOf,
} from "./fields.ts";
import type { Json, JsonObject } from "./json.ts";
import type { Key } from "./key.ts";
import { encodeKeys, parseKeys } from "./key.ts";
import type { Limits } from "./limits.ts";
import { nameMaxLength } from "./limits.ts";
import type { KeyId, RoleName } from "./names.ts";
import { isTopLevelRole, parseRoleName } from "./names.ts";
import type { Role } from "./role.ts";
import { encodeRole, parseRole, roleFields } from "./role.ts";

/** One delegation. Exactly one of `paths` and `pathHashPrefixes` is set. */
export interface DelegatedRole extends Role {
  readonly name: RoleName;
  readonly terminating: boolean;
  readonly paths?: readonly string[];
  readonly pathHashPrefixes?: readonly string[];
}

/** TAP 15: 2^bitLength bins, named `<namePrefix>-<hex>`. */
export interface SuccinctRoles extends Role {
  /** 1 to 32. */
  readonly bitLength: number;
  readonly namePrefix: string;
}

export interface ListedDelegations {
  readonly kind: "listed";
  readonly keys: ReadonlyMap<KeyId, Key>;
  /** In order of trust. */
  readonly roles: readonly DelegatedRole[];
  readonly unrecognized: JsonObject;
}

export interface SuccinctDelegations {
  readonly kind: "succinct";
  readonly keys: ReadonlyMap<KeyId, Key>;
  readonly succinct: SuccinctRoles;
  readonly unrecognized: JsonObject;
}

export type Delegations = ListedDelegations | SuccinctDelegations;

const known = new Set(["keys", "roles", "succinct_roles"]);
const delegatedFields = new Set([...roleFields, "name", "terminating", "paths", "path_hash_prefixes"]);
const succinctFields = new Set([...roleFields, "bit_length", "name_prefix"]);

/** @throws TufError TUF_MALFORMED, TUF_NAME_INVALID, TUF_LIMIT_EXCEEDED */
export function parseDelegations(object: JsonObject, limits: Limits): Delegations {
  const keys = parseKeys(objectAt(object, "keys", "delegations"), limits);
  const unrecognized = unrecognizedOf(object, known);
  const isListed = fieldOf(object, "roles") !== undefined;
  if (isListed === (fieldOf(object, "succinct_roles") !== undefined)) {
    throw malformed("delegations", "wanted exactly one of roles and succinct_roles");
  }
  if (isListed) return { kind: "listed", keys, roles: parseDelegatedRoles(object, limits), unrecognized };
  const succinct = parseSuccinct(objectAt(object, "succinct_roles", "delegations"), limits);
  return { kind: "succinct", keys, succinct, unrecognized };
}

export function encodeDelegations(delegations: Delegations): JsonObject {
  const keys = encodeKeys(delegations.keys);
  return delegations.kind === "listed"
    ? { ...delegations.unrecognized, keys, roles: delegations.roles.map(encodeDelegatedRole) }
    : { ...delegations.unrecognized, keys, succinct_roles: encodeSuccinct(delegations.succinct) };
}

function parseDelegatedRoles(object: JsonObject, limits: Limits): readonly DelegatedRole[] {
  const list = listAt(object, "roles", "delegations");
  if (list.length > limits.maxDelegatedRoles) {
    throw new TufError("TUF_LIMIT_EXCEEDED", `${list.length} delegated roles; at most ${limits.maxDelegatedRoles}`, {
      details: { got: list.length, wanted: limits.maxDelegatedRoles },
    });
  }
  const roles = list.map((json) => parseDelegatedRole(json, limits));
  if (new Set(roles.map(({ name }) => name)).size !== roles.length) {
    throw malformed("delegations", "a role name appears twice");
  }
  return roles;
}

function parseDelegatedRole(json: Json, limits: Limits): DelegatedRole {
  const object = asObject(json, "delegated role");
  const name = parseRoleName(stringAt(object, "name", "delegated role"));
  if (isTopLevelRole(name)) throw malformed("delegated role", `${name} is a top-level role's name`);
  const hasPaths = fieldOf(object, "paths") !== undefined;
  if (hasPaths === (fieldOf(object, "path_hash_prefixes") !== undefined)) {
    throw malformed(name, "wanted exactly one of paths and path_hash_prefixes");
  }
  return {
    ...parseRole(object, name, limits),
    name,
    terminating: booleanAt(object, "terminating", name),
    ...(hasPaths ? { paths: patternsAt(object, name) } : { pathHashPrefixes: prefixesAt(object, name) }),
    unrecognized: unrecognizedOf(object, delegatedFields),
  };
}

function patternsAt(object: JsonObject, name: RoleName): readonly string[] {
  const patterns = stringsAt(object, "paths", name);
  if (patterns.some((pattern) => pattern.length > nameMaxLength)) throw malformed(name, "a path pattern is too long");
  return patterns;
}

function prefixesAt(object: JsonObject, name: RoleName): readonly string[] {
  const prefixes = stringsAt(object, "path_hash_prefixes", name);
  if (!prefixes.every((prefix) => /^[0-9a-f]{0,64}$/.test(prefix))) {
    throw malformed(name, "a path hash prefix is not lower-case hex");
  }
  return prefixes;
}

function encodeDelegatedRole(role: DelegatedRole): JsonObject {
  return {
    ...encodeRole(role),
    name: role.name,
    terminating: role.terminating,
    ...(role.paths !== undefined && { paths: role.paths }),
    ...(role.pathHashPrefixes !== undefined && { path_hash_prefixes: role.pathHashPrefixes }),
  };
}

function parseSuccinct(object: JsonObject, limits: Limits): SuccinctRoles {
  const bitLength = positiveAt(object, "bit_length", "succinct_roles");
  if (bitLength > 32) throw malformed("succinct_roles", "bit_length is not between 1 and 32");
  const namePrefix = stringAt(object, "name_prefix", "succinct_roles");
  return {
    ...parseRole(object, "succinct_roles", limits),
    bitLength,
    namePrefix: parseRoleName(namePrefix),
    unrecognized: unrecognizedOf(object, succinctFields),
  };
}

function encodeSuccinct(succinct: SuccinctRoles): JsonObject {
  return { ...encodeRole(succinct), bit_length: succinct.bitLength, name_prefix: succinct.namePrefix };
}
