/** Which signatures the documents of a proposal need, and which they have. Pure. */
import {
  findValidSignatures,
  trimFile,
  type Authority,
  type KeyId,
  type Role,
  type Root,
  type TopLevelRole,
} from "@dtuf/tuf";
import { holdersOf } from "../../documents/key-owner.ts";
import type { SignatureNeed } from "../../contract/team.ts";
import { binDelegator, type FoundRole } from "../../published/role-tree.ts";
import { keyLine } from "./summary.ts";

/** Keys of which a threshold must sign a document. */
export interface Need {
  /** For people: `root 1`, `targets`. */
  readonly of: string;
  readonly by: Authority;
  /** A top-level role, whose key files this machine may have. */
  readonly keys?: { readonly role: TopLevelRole; readonly root: Root } | undefined;
  /** The root, if the document is a hash bin of targets, which the key files of targets may sign. */
  readonly bins?: Root | undefined;
}

export interface NeedyFile {
  readonly role: string;
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly needs: readonly Need[];
  readonly found?: FoundRole | undefined;
}

export function topLevelNeed(role: TopLevelRole, root: Root): Need {
  const { keys, roles } = root;
  return { of: `root ${root.version}`, by: { keys, role: roles[role] }, keys: { role, root } };
}

/** Of files that were looked at already. Thousands of hash bins are looked at several times. */
const known = new WeakMap<Uint8Array, WeakMap<Role, readonly KeyId[]>>();

function signersOf(file: Uint8Array, by: Authority): readonly KeyId[] {
  const ofFile = known.get(file) ?? new WeakMap<Role, readonly KeyId[]>();
  known.set(file, ofFile);
  const valid = ofFile.get(by.role) ?? findValidSignatures(file, by);
  ofFile.set(by.role, valid);
  return valid;
}

export function isMet(file: Uint8Array, { by }: Need): boolean {
  return signersOf(file, by).length >= by.role.threshold;
}

/** The file without what its signers did not make. Who writes to the registry can add signatures that do not count, and spaces. */
export function trimmed<File extends NeedyFile>(file: File): File {
  const keyIds = new Set(file.needs.flatMap(({ by }) => signersOf(file.bytes, by)));
  return { ...file, bytes: trimFile(file.bytes, keyIds) };
}

/** Hash bins of one role are one line: signed by those who signed all of them. */
export function describeNeeds(files: readonly NeedyFile[]): readonly SignatureNeed[] {
  const groups = new Map<unknown, NeedyFile[]>();
  for (const file of files) {
    const bins = binDelegator(file);
    const key = bins === undefined ? file : bins;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()].flatMap(describeGroup);
}

function describeGroup(files: readonly NeedyFile[]): readonly SignatureNeed[] {
  const [first] = files;
  if (first === undefined) return [];
  const version = files.reduce((highest, file) => Math.max(highest, file.version), 0);
  const many = files.length === 1 ? {} : { bins: files.length };
  return first.needs.map(({ of, by }): SignatureNeed => {
    const { threshold, keyIds } = by.role;
    const all = keyIds.filter((keyId) => files.every(({ bytes }) => signersOf(bytes, by).includes(keyId)));
    const signed = all.flatMap((keyId) => {
      const key = by.keys.get(keyId);
      return key === undefined ? [] : [keyLine(key)];
    });
    const unmet = files.find(({ bytes }) => !isMet(bytes, { of, by }));
    const valid = unmet === undefined ? [] : signersOf(unmet.bytes, by);
    const left = keyIds.filter((keyId) => !valid.includes(keyId));
    const missing = unmet === undefined ? [] : holdersOf({ ...by, role: { ...by.role, keyIds: left } });
    return { role: first.role, version, of, threshold, signed, missing, ...many };
  });
}

export function missingHolders(needs: readonly SignatureNeed[]): readonly string[] {
  return [...new Set(needs.flatMap(({ missing }) => missing))];
}

/** `alice, bob`, or `any 1 of alice, bob` if not all of them must sign. */
export function missingText({ threshold, signed, missing }: SignatureNeed): string {
  const left = threshold - signed.length;
  return `${left < missing.length ? `any ${left} of ` : ""}${missing.join(", ")}`;
}
