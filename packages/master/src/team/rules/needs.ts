/** Which signatures the documents of a proposal need, and which they have. Pure. */
import { findValidSignatures, type Authority, type Root, type TopLevelRole } from "@dtuf/tuf";
import { holdersOf } from "../../documents/key-owner.ts";
import type { SignatureNeed } from "../../team-contract.ts";
import { keyLine } from "./summary.ts";

/** Keys of which a threshold must sign a document. */
export interface Need {
  /** For people: `root 1`, `targets`. */
  readonly of: string;
  readonly by: Authority;
  /** A top-level role, whose key files this machine may have. */
  readonly keys?: { readonly role: TopLevelRole; readonly root: Root } | undefined;
}

export interface NeedyFile {
  readonly role: string;
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly needs: readonly Need[];
}

export function topLevelNeed(role: TopLevelRole, root: Root): Need {
  const { keys, roles } = root;
  return { of: `root ${root.version}`, by: { keys, role: roles[role] }, keys: { role, root } };
}

export function isMet(file: Uint8Array, { by }: Need): boolean {
  return findValidSignatures(file, by).length >= by.role.threshold;
}

export function describeNeeds(files: readonly NeedyFile[]): readonly SignatureNeed[] {
  return files.flatMap(({ role, version, bytes, needs }) =>
    needs.map(({ of, by }): SignatureNeed => {
      const valid = new Set(findValidSignatures(bytes, by));
      const { threshold, keyIds } = by.role;
      const signed = [...valid].flatMap((keyId) => {
        const key = by.keys.get(keyId);
        return key === undefined ? [] : [keyLine(key)];
      });
      const left = keyIds.filter((keyId) => !valid.has(keyId));
      const missing = valid.size >= threshold ? [] : holdersOf({ ...by, role: { ...by.role, keyIds: left } });
      return { role, version, of, threshold, signed, missing };
    }),
  );
}

export function missingHolders(needs: readonly SignatureNeed[]): readonly string[] {
  return [...new Set(needs.flatMap(({ missing }) => missing))];
}

/** `alice, bob`, or `any 1 of alice, bob` if not all of them must sign. */
export function missingText({ threshold, signed, missing }: SignatureNeed): string {
  const left = threshold - signed.length;
  return `${left < missing.length ? `any ${left} of ` : ""}${missing.join(", ")}`;
}
