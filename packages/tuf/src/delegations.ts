import type { JsonObject } from "./json.ts";
import type { Key } from "./key.ts";
import type { KeyId, RoleName } from "./names.ts";
import type { Role } from "./role.ts";

/** One delegation. Exactly one of `paths` and `pathHashPrefixes` is there. */
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
