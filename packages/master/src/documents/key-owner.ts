/**
 * Who holds a key, and where it signs, in the fields of tuf-on-ci. They are no part of the key's id.
 */
import type { Authority, Key, KeyId, Root } from "@dtuf/tuf";

const ownerField = "x-tuf-on-ci-keyowner";
const uriField = "x-tuf-on-ci-online-uri";

export interface KeyHolder {
  /** The name of the person or team that holds the private key. */
  readonly owner?: string | undefined;
  /** The URI of the signer. */
  readonly uri?: string | undefined;
}

/** Whose key it is, as the fields of the key say. They are no part of its id, and anybody who signs the document can set them. */
export function keyHolderOf({ unrecognized }: Key): KeyHolder {
  const text = (field: string): string | undefined => {
    const value = unrecognized[field];
    return typeof value === "string" ? value : undefined;
  };
  return { owner: text(ownerField), uri: text(uriField) };
}

/** The owners of a role's keys, or the id of a key that has no owner. */
export function holdersOf({ keys, role }: Authority): readonly string[] {
  return [...new Set(role.keyIds.map((keyId) => keyHolderOfId(keys, keyId).owner ?? keyId))];
}

/** Whether several people sign: root has a threshold above 1, or a key of root or targets has an owner. */
export function isOfTeam({ keys, roles: { root, targets } }: Root): boolean {
  const ids = [...root.keyIds, ...targets.keyIds];
  return root.threshold > 1 || ids.some((id) => keyHolderOfId(keys, id).owner !== undefined);
}

function keyHolderOfId(keys: Root["keys"], id: KeyId): KeyHolder {
  const key = keys.get(id);
  return key === undefined ? {} : keyHolderOf(key);
}

export function withKeyHolder(key: Key, { owner, uri }: KeyHolder): Key {
  return {
    ...key,
    unrecognized: {
      ...key.unrecognized,
      ...(owner === undefined ? {} : { [ownerField]: owner }),
      ...(uri === undefined ? {} : { [uriField]: uri }),
    },
  };
}
