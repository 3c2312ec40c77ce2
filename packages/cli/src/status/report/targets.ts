/** The first targets, role by role in the order of trust, each with what a client finds for its name. */
import { CopyError } from "@dtuf/copy";
import type { LoadRole, TargetPath } from "@dtuf/tuf";
import type { Seen } from "./client-look.ts";
import { cut, type Listing, type TargetFacts } from "./report.ts";
import type { ReadRole } from "./roles.ts";
import { walkTo } from "./walks.ts";

export interface TargetListing {
  readonly read: readonly ReadRole[];
  readonly now: Date;
  readonly most: number;
}

/** Nothing is fetched for them: a way that leads to a role that was not read says so. */
export async function listTargets({ set }: Seen, { read, now, most }: TargetListing): Promise<Listing<TargetFacts>> {
  const load: LoadRole = (role) => {
    throw new CopyError("COPY_METADATA_MISSING", `the way leads to ${role}, which was not read for this list`);
  };
  const shown: TargetFacts[] = [];
  const total = read.reduce(
    (sum, { document }) => sum + document.signed.targets.size,
    set.targets?.signed.targets.size ?? 0,
  );
  for (const [path, listedBy] of namesOf(set, read)) {
    if (shown.length >= most) break;
    shown.push({ ...(await walkTo(path, { set, load, now })), listedBy: cut(listedBy) });
  }
  return { shown, more: total - shown.length };
}

function* namesOf(set: Seen["set"], read: readonly ReadRole[]): Generator<readonly [TargetPath, string]> {
  for (const path of set.targets?.signed.targets.keys() ?? []) yield [path, "targets"];
  for (const { document } of read) {
    for (const path of document.signed.targets.keys()) yield [path, document.role];
  }
}
