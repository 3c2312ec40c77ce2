/** What is staged, against what is published. */
import { parseRoleName } from "@dtuf/tuf";
import { findPlannedBins } from "../bins/sign-bins.ts";
import { applyStaged } from "../documents/changes.ts";
import type { Base } from "../published/base.ts";
import { openBase } from "../release/open-base.ts";
import { openNewestRoot } from "../release/sign.ts";
import type { Operation } from "../state/operation.ts";
import type { ProposalSummary } from "../contract/team.ts";
import { draftRole, draftStagedRoots, draftTopLevel } from "../team/draft.ts";
import { viewOf } from "../team/open-proposal.ts";
import { withoutPublished } from "../team/settle.ts";
import { placeFiles } from "../team/rules/place-files.ts";
import { pairOf } from "../team/rules/review.ts";
import { summarize, type DocumentPair } from "../team/rules/summary.ts";

export async function compareStaged(all: Operation, role: string | undefined): Promise<ProposalSummary> {
  const base = await openBase(all, {});
  const operation = base.release === undefined ? all : await withoutPublished(all, base);
  const binned = role === undefined ? await compareInBins(operation, base) : undefined;
  if (binned !== undefined) return summarize(binned);
  const floor = (): number => 0;
  const files =
    role === undefined
      ? await draftTopLevel(operation, base, floor)
      : await draftRole(operation, base, { name: parseRoleName(role), floor });
  const placed = await placeFiles(viewOf(operation, base), { name: "staged", files });
  const pairs = placed.files.map(pairOf);
  return summarize(base.release === undefined ? firstRelease(base, pairs) : pairs);
}

/** Nothing is published: all of it is new. */
function firstRelease(base: Base, pairs: readonly DocumentPair[]): readonly DocumentPair[] {
  const own = (["root", "targets"] as const).map((role): DocumentPair => ({
    role,
    before: undefined,
    after: base[role].signed,
  }));
  const drafted = pairs.map((pair): DocumentPair => ({ ...pair, before: undefined }));
  return [...own.filter(({ role }) => !drafted.some((pair) => pair.role === role)), ...drafted];
}

/** With hash bins: the targets of the bins that change, as if they were in targets. */
async function compareInBins(operation: Operation, base: Base): Promise<readonly DocumentPair[] | undefined> {
  const { files } = operation;
  const state = operation.state();
  const [staged, bins, keys] = [
    await files.readStaged(state),
    await files.findBins(state),
    await files.readKeyChanges(state),
  ];
  const { root } = await openNewestRoot(operation, base);
  const planned = await findPlannedBins(operation, base, { staged, bins, keys, root });
  if (planned === undefined) return undefined;
  const { delegations, before, isWhole } = planned;
  const roots = await placeFiles(viewOf(operation, base), {
    name: "staged",
    files: await draftStagedRoots(operation, base),
  });
  const old = base.targets.signed;
  const version = old.version + (isWhole ? 1 : 0);
  const after = { ...old, version, delegations, targets: applyStaged(before, staged) };
  const isChanged = isWhole || staged.size > 0;
  const pairs = roots.files.map((file): DocumentPair => ({ ...file, after: file.document }));
  return [...pairs, ...(isChanged ? [{ role: "targets", before: { ...old, targets: before }, after }] : [])];
}
