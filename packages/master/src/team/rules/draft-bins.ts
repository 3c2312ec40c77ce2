/** Makes the documents of hash bins for a proposal, unsigned. */
import { forEachConcurrently } from "@dtuf/registry";
import { findAuthority, signDocument, signedSha256, type RoleName, type Targets } from "@dtuf/tuf";
import {
  binDocuments,
  planParentBins,
  type BinChange,
  type BinParent,
  type PlannedBins,
} from "../../bins/plan-bins.ts";
import type { Operation } from "../../state/operation.ts";
import { readPublishedRole } from "../../published/role-tree.ts";

export interface DraftedBin {
  readonly role: RoleName;
  readonly bytes: Uint8Array;
  readonly document: Targets;
  readonly follows: string | undefined;
}

export interface DraftedBins {
  readonly planned: PlannedBins;
  readonly drafts: readonly DraftedBin[];
}

export interface BinDraft {
  readonly change: BinChange;
  readonly floor: (role: string) => number;
  /** "changed": not if the role is only due. */
  readonly when: "changed" | "due";
}

/** Undefined: the role has no bins, now or as staged. No drafts: nothing in them changes. */
export async function draftBins(
  operation: Operation,
  parent: BinParent,
  { change, floor, when }: BinDraft,
): Promise<DraftedBins | undefined> {
  const planned = await planParentBins(operation, parent, change);
  if (planned === undefined) return undefined;
  const isWhole = planned.isChanged || when === "due" || (planned.isWhole && change.staged.size > 0);
  const documents = [
    ...binDocuments({ ...planned, isWhole }, { staged: change.staged, snapshot: parent.snapshot, floor }),
  ];
  const unsigned = new Map<Targets, Uint8Array>();
  for (const document of new Set(documents.map((bin) => bin.document)))
    unsigned.set(document, await signDocument(document, []));
  const follows = await readHashes(operation, parent, documents);
  const drafts = documents.flatMap(({ name, document }): readonly DraftedBin[] => {
    const bytes = unsigned.get(document);
    return bytes === undefined ? [] : [{ role: name, document, bytes, follows: follows.get(name) }];
  });
  return { planned: { ...planned, isWhole }, drafts };
}

/** Of the published bins that have these names. */
async function readHashes(
  operation: Operation,
  { published, snapshot }: BinParent,
  bins: readonly { readonly name: RoleName }[],
): Promise<ReadonlyMap<RoleName, string>> {
  const hashes = new Map<RoleName, string>();
  await forEachConcurrently(bins, operation.concurrency, async ({ name }) => {
    const by = findAuthority(published?.signed.delegations, name);
    const found = by === undefined ? undefined : await readPublishedRole(operation, snapshot, { name, by });
    if (found !== undefined) hashes.set(name, signedSha256(found.bytes));
  });
  return hashes;
}
