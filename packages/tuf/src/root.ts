import type { Key } from "./key.ts";
import type { KeyId, TopLevelRole } from "./names.ts";
import type { Role } from "./role.ts";
import type { SignedFields } from "./signed.ts";

export interface Root extends SignedFields {
  readonly type: "root";
  readonly consistentSnapshot: boolean;
  readonly keys: ReadonlyMap<KeyId, Key>;
  readonly roles: Readonly<Record<TopLevelRole, Role>>;
}
