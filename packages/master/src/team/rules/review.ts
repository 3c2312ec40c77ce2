/** What a proposal is for people: its summary and its signatures. Pure, except for the signers. */
import type { ProposalStatement } from "@dtuf/format";
import { addSignatures, type KeyId, type Role, type Signer } from "@dtuf/tuf";
import { MasterError } from "../../errors.ts";
import type { ProposalReview } from "../../contract/team.ts";
import { describeNeeds, isMet, missingHolders, type Need } from "./needs.ts";
import type { OpenedFile, OpenedFiles } from "./place-files.ts";
import { binDelegator } from "../../published/role-tree.ts";
import { summarize, type DocumentPair } from "./summary.ts";

interface Hashed {
  readonly statement: ProposalStatement;
  readonly hash: string;
}

/** @throws MasterError MASTER_PROPOSAL_CHANGED; TypeError */
export function verifyExpected({ statement: { name }, hash }: Hashed, expected: string): void {
  if (!/^[0-9a-f]{32,64}$/.test(expected)) throw new TypeError("expectHash must be 32 to 64 hex digits");
  if (hash.startsWith(expected)) return;
  const message = `proposal ${name} has the hash ${hash}, not ${expected}`;
  throw new MasterError("MASTER_PROPOSAL_CHANGED", message, { details: { name, got: hash, wanted: expected } });
}

export interface Signed {
  readonly files: readonly OpenedFile[];
  readonly added: readonly OpenedFile[];
  readonly keyIds: readonly KeyId[];
}

/** Adds signatures to every document that still needs them. Documents of the same bytes are signed once. */
export async function signFiles(
  files: readonly OpenedFile[],
  findSigners: (need: Need) => Promise<readonly Signer[]>,
): Promise<Signed> {
  const added: OpenedFile[] = [];
  const keyIds = new Set<KeyId>();
  const signed: OpenedFile[] = [];
  const done = new Map<Role, Map<string, Uint8Array>>();
  const found = new Map<Role, readonly Signer[]>();
  for (const file of files) {
    const unmet = file.needs.filter((need) => !isMet(file.bytes, need));
    const signers: Signer[] = [];
    for (const need of unmet) {
      const here = found.get(need.by.role) ?? (await findSigners(need));
      found.set(need.by.role, here);
      signers.push(...here);
    }
    for (const { keyId } of signers) keyIds.add(keyId);
    const [by] = unmet;
    const same = by && (done.get(by.by.role) ?? new Map<string, Uint8Array>());
    const known = same?.get(file.sha256);
    const bytes = known ?? (signers.length === 0 ? file.bytes : await addSignatures(file.bytes, signers));
    if (by !== undefined && same !== undefined) done.set(by.by.role, same.set(file.sha256, bytes));
    const next = signers.length === 0 ? file : { ...file, bytes };
    if (signers.length > 0) added.push(next);
    signed.push(next);
  }
  return { files: signed, added, keyIds: [...keyIds] };
}

interface Reviewed extends Hashed {
  readonly files: OpenedFiles["files"];
  readonly state: "published" | undefined;
}

export function describeReview({ statement, hash, files, state }: Reviewed): ProposalReview {
  const { name, number, base } = statement;
  const signatures = describeNeeds(files);
  const isReady = files.every(({ bytes, needs }) => needs.every((need) => isMet(bytes, need)));
  return {
    ...{ name, number, hash, base, signatures },
    state: state ?? (isReady ? "ready" : "open"),
    missing: missingHolders(signatures),
    summary: summarize(files.map(pairOf)),
  };
}

/** `targets 7`; hash bins of one role are one name. */
export function namesOf(files: readonly OpenedFile[]): readonly string[] {
  const bins = new Map<string, OpenedFile[]>();
  for (const file of files) {
    const key = binDelegator(file) ?? `${file.role} ${file.version}`;
    const group = bins.get(key);
    if (group === undefined) bins.set(key, [file]);
    else group.push(file);
  }
  return [...bins.values()].flatMap(([first, ...more]) => {
    if (first === undefined) return [];
    return more.length === 0 ? `${first.role} ${first.version}` : `${more.length + 1} hash bins from ${first.role} on`;
  });
}

/** A file of a proposal, as its summary compares it. */
export function pairOf({ role, before, document, found, left }: OpenedFile): DocumentPair {
  return { role, before, after: document, left, binOf: binDelegator({ found }) };
}

/** No key that is here is among those that must still sign the files. */
export function keysMissing(files: readonly OpenedFile[]): MasterError {
  const missing = missingHolders(describeNeeds(files));
  const roles = namesOf(files);
  return new MasterError(
    "MASTER_KEYS_MISSING",
    `no key that is here can sign ${roles.join(", ")}; missing: ${missing.join(", ")}`,
    { details: { role: files[0]?.role ?? "", roles, missing } },
  );
}
