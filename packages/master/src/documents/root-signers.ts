/** Who must sign a new root (TUF 1.0.34, 5.3.4: a threshold of the previous root's keys and one of its own), and who has. */
import { findValidSignatures, type KeyId, type Role, type Root } from "@dtuf/tuf";
import { keyHolderOf } from "./key-owner.ts";

export interface RootSigner {
  readonly keyId: KeyId;
  readonly owner: string | undefined;
  readonly state: "signed" | "missing";
}

/** Signatures that count for the threshold of one root. */
export interface RootThreshold {
  /** "current": the root that clients have. "next": the root that is to be signed. */
  readonly of: "current" | "next";
  readonly version: number;
  readonly threshold: number;
  readonly signed: number;
  readonly signers: readonly RootSigner[];
}

/**
 * @param signed the next root with the signatures made so far (they are verified), or the ids of keys that have signed
 *   or can sign
 */
export function listRootSigners(
  current: Root,
  next: Root,
  signed: Uint8Array | ReadonlySet<KeyId>,
): readonly RootThreshold[] {
  return [["current", current] as const, ["next", next] as const].map(([of, { version, keys, roles }]) => {
    const { root: role }: { root: Role } = roles;
    const have = signed instanceof Uint8Array ? new Set(findValidSignatures(signed, { keys, role })) : signed;
    const signers = role.keyIds.map((keyId): RootSigner => {
      const key = keys.get(keyId);
      const owner = key === undefined ? undefined : keyHolderOf(key).owner;
      return { keyId, owner, state: have.has(keyId) ? "signed" : "missing" };
    });
    return {
      of,
      version,
      threshold: role.threshold,
      signed: signers.filter(({ state }) => state === "signed").length,
      signers,
    };
  });
}

/** The holders whose signatures can still be added, by name, or by key id if a key has no owner. */
export function missingHolders(thresholds: readonly RootThreshold[]): readonly string[] {
  const names = thresholds
    .filter(({ signed, threshold }) => signed < threshold)
    .flatMap(({ signers }) => signers.filter(({ state }) => state === "missing"))
    .map(({ owner, keyId }) => owner ?? keyId);
  return [...new Set(names)];
}

/** `alice, bob`, or `any 1 of alice, bob` if not all of them must sign. */
export function missingText(thresholds: readonly RootThreshold[]): string {
  const texts = thresholds
    .filter(({ signed, threshold }) => signed < threshold)
    .map((each) => {
      const missing = missingHolders([each]);
      const left = each.threshold - each.signed;
      return `${left < missing.length ? `any ${left} of ` : ""}${missing.join(", ")}`;
    });
  return [...new Set(texts)].join("; ");
}
