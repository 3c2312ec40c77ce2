import { encodeFamilies, familiesField, parseFamilies } from "./families.ts";
import { booleanAt, fieldOf, malformed, objectAt } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import type { Key } from "./key.ts";
import { encodeKeys, parseKeys } from "./key.ts";
import type { Limits } from "./limits.ts";
import type { KeyId, TopLevelRole } from "./names.ts";
import { isTopLevelRole } from "./names.ts";
import type { Role } from "./role.ts";
import { encodeRole, parseRole } from "./role.ts";
import type { SignedFields } from "./signed.ts";
import { encodeSignedFields, parseSignedFields, signedFieldNames } from "./signed.ts";

export interface Root extends SignedFields {
  readonly type: "root";
  readonly consistentSnapshot: boolean;
  readonly keys: ReadonlyMap<KeyId, Key>;
  readonly roles: Readonly<Record<TopLevelRole, Role>>;
}

const known = signedFieldNames("consistent_snapshot", "keys", "roles", familiesField);

/** A role that TUF defines and no current client uses (TUF 1.0.34, 4.3): it is neither read nor written. */
const unusedRole = "mirrors";

/** Parses without verifying. A missing `consistent_snapshot` means false. @throws TufError */
export function parseRoot(signed: JsonObject, limits: Limits): Root {
  const fields = parseSignedFields(signed, "root", known);
  const roles = objectAt(signed, "roles", "root");
  const stranger = Object.keys(roles).find((name) => !isTopLevelRole(name) && name !== unusedRole);
  if (stranger !== undefined)
    throw malformed("root", `roles has the unknown role ${JSON.stringify(stranger.slice(0, 80))}`);
  const families = parseFamilies(signed);
  const role = (name: TopLevelRole): Role => {
    const counts = families.get(name);
    const parsed = parseRole(objectAt(roles, name, "root"), name, limits);
    return counts === undefined ? parsed : { ...parsed, families: counts };
  };
  return {
    ...fields,
    type: "root",
    consistentSnapshot:
      fieldOf(signed, "consistent_snapshot") !== undefined && booleanAt(signed, "consistent_snapshot", "root"),
    keys: parseKeys(objectAt(signed, "keys", "root"), limits),
    roles: { root: role("root"), timestamp: role("timestamp"), snapshot: role("snapshot"), targets: role("targets") },
  };
}

export function encodeRoot(root: Root): JsonObject {
  const { roles } = root;
  const families = encodeFamilies(roles);
  return encodeSignedFields(root, "root", {
    ...(families === undefined ? {} : { [familiesField]: families }),
    consistent_snapshot: root.consistentSnapshot,
    keys: encodeKeys(root.keys),
    roles: {
      root: encodeRole(roles.root),
      timestamp: encodeRole(roles.timestamp),
      snapshot: encodeRole(roles.snapshot),
      targets: encodeRole(roles.targets),
    },
  });
}
