import type { JsonObject } from "./json.ts";
import type { Key } from "./key.ts";
import type { KeyId } from "./names.ts";

/** Who may sign a role, and how many of them must. */
export interface Role {
  readonly keyIds: readonly KeyId[];
  /** 1 or more distinct keys. */
  readonly threshold: number;
  readonly unrecognized: JsonObject;
}

/** A role with the keys its delegator lists: all that is needed to check a file's signatures. */
export interface Authority {
  readonly keys: ReadonlyMap<KeyId, Key>;
  readonly role: Role;
}
