/**
 * Who holds a key, and where it signs, in the fields of tuf-on-ci. They are no part of the key's id.
 */
import type { Authority, Key } from "@dtuf/tuf";

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
  const holders = role.keyIds.map((keyId) => {
    const key = keys.get(keyId);
    return (key === undefined ? undefined : keyHolderOf(key).owner) ?? keyId;
  });
  return [...new Set(holders)];
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
