/** What is staged, against what is published. */
import { parseRoleName } from "@dtuf/tuf";
import type { Base } from "../published/base.ts";
import { openBase } from "../release/open-base.ts";
import type { Operation } from "../state/operation.ts";
import type { ProposalSummary } from "../team-contract.ts";
import { draftRole, draftTopLevel } from "../team/draft.ts";
import { viewOf } from "../team/open-proposal.ts";
import { placeFiles } from "../team/rules/place-files.ts";
import { summarize, type DocumentPair } from "../team/rules/summary.ts";

export async function compareStaged(operation: Operation, role: string | undefined): Promise<ProposalSummary> {
  const base = await openBase(operation, {});
  const floor = (): number => 0;
  const files =
    role === undefined
      ? await draftTopLevel(operation, base, floor)
      : await draftRole(operation, base, { name: parseRoleName(role), floor });
  const placed = await placeFiles(viewOf(operation, base), { name: "staged", files });
  const pairs = placed.files.map((file): DocumentPair => ({ ...file, after: file.document }));
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
