import { encodeKey, type Delegations } from "@dtuf/tuf";

/** The same delegations give the same text, whatever the order of their keys. */
export function encodeDelegationsText(delegations: Delegations | undefined): string {
  if (delegations === undefined) return "";
  const keys = [...delegations.keys]
    .map(([id, key]) => [id, encodeKey(key)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (delegations.kind === "succinct") {
    const { keyIds, threshold, bitLength, namePrefix, unrecognized } = delegations.succinct;
    return JSON.stringify([keys, keyIds, threshold, bitLength, namePrefix, unrecognized]);
  }
  const roles = delegations.roles.map(({ name, keyIds, threshold, terminating, paths, pathHashPrefixes }) => [
    ...[name, keyIds, threshold, terminating, paths, pathHashPrefixes],
  ]);
  return JSON.stringify([keys, roles]);
}
