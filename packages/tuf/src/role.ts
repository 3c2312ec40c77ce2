import { TufError } from "./errors.ts";
import { malformed, positiveAt, stringsAt, unrecognizedOf } from "./fields.ts";
import type { JsonObject } from "./json.ts";
import type { Key } from "./key.ts";
import type { Limits } from "./limits.ts";
import type { FamilyCounts } from "./families.ts";
import type { KeyId } from "./names.ts";
import { parseKeyId } from "./names.ts";

/** Who may sign a role, and how many of them must. */
export interface Role {
  readonly keyIds: readonly KeyId[];
  /** At least 1. */
  readonly threshold: number;
  /** Minimum number of the counted signatures for each family. Only a root's own roles can have it. */
  readonly families?: FamilyCounts | undefined;
  readonly unrecognized: JsonObject;
}

/** A role with the keys that its delegator lists: everything needed to verify a file's signatures. */
export interface Authority {
  readonly keys: ReadonlyMap<KeyId, Key>;
  readonly role: Role;
}

export const roleFields: readonly string[] = ["keyids", "threshold"];
const known = new Set(roleFields);

/** @throws TufError TUF_MALFORMED, TUF_NAME_INVALID, TUF_LIMIT_EXCEEDED */
export function parseRole(object: JsonObject, where: string, limits: Limits): Role {
  const keyIds = stringsAt(object, "keyids", where).map(parseKeyId);
  if (keyIds.length > limits.maxSignatures) {
    throw new TufError("TUF_LIMIT_EXCEEDED", `${where} lists ${keyIds.length} keys; at most ${limits.maxSignatures}`, {
      details: { role: where, got: keyIds.length, wanted: limits.maxSignatures },
    });
  }
  if (new Set(keyIds).size !== keyIds.length) throw malformed(where, "a key id appears twice");
  return { keyIds, threshold: positiveAt(object, "threshold", where), unrecognized: unrecognizedOf(object, known) };
}

export function encodeRole(role: Role): JsonObject {
  return { ...role.unrecognized, keyids: role.keyIds, threshold: role.threshold };
}
