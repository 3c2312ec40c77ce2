/**
 * What becomes of the hash bins of a role: usually those change that a staged target belongs to, each valid at least as
 * long as the role. If the role is signed again, because it is due or the bins change, all bins are: so no bin expires
 * before its role does.
 */
import {
  binName,
  binNames,
  findValidSignatures,
  type Authority,
  type JsonObject,
  type RoleName,
  type Snapshot,
  type SuccinctDelegations,
  type TargetFile,
  type TargetPath,
  type Targets,
} from "@dtuf/tuf";
import { applyStaged, type StagedTargets, type TargetMap } from "../documents/changes.ts";
import { changeDelegations, type KeyChange } from "../documents/key-changes.ts";
import { dueRoles, termsOf } from "../documents/periods.ts";
import { expiryOf, planTargets } from "../documents/plan.ts";
import { planBins, type StagedBins } from "../documents/staged-bins.ts";
import type { Operation } from "../state/operation.ts";
import { encodeDelegationsText } from "./delegations-text.ts";
import { binsOf, readBinTargets } from "./read-bins.ts";

/** A role that delegates to bins, or will. */
export interface BinParent {
  /** `targets`, or a delegated role. */
  readonly name: string;
  /** Its published file, if it has one. */
  readonly published: { readonly signed: Targets; readonly bytes: Uint8Array } | undefined;
  readonly snapshot: Snapshot;
  /** Who signs the role in the next release. */
  readonly by: Authority;
}

export interface BinChange {
  readonly staged: StagedTargets;
  readonly bins: StagedBins | undefined;
  readonly keys: readonly KeyChange[];
  /** The role's next document in its further fields. */
  readonly unrecognized: JsonObject;
}

export interface PlannedBins {
  readonly delegations: SuccinctDelegations;
  /** The published targets of the bins that change. */
  readonly before: TargetMap;
  /** Whether the role must be signed again, and with it all bins. */
  readonly isWhole: boolean;
  /** Whether that is so for another reason than that the role is due. */
  readonly isChanged: boolean;
  /** When a bin expires that is signed now. */
  readonly expires: Date;
}

/** Returns undefined if the role does not delegate to bins. Needs no key. @throws MasterError MASTER_BINS_EXIST; OciError */
export async function planParentBins(
  operation: Operation,
  parent: BinParent,
  change: BinChange,
): Promise<PlannedBins | undefined> {
  const { published, by } = parent;
  const old = published?.signed.delegations;
  const planned = planBins(old, { staged: change.bins, of: parent });
  const delegations = changeDelegations(planned, change.keys);
  if (delegations?.kind !== "succinct") return undefined;
  const terms = termsOf(operation, { targets: change });
  const isChanged =
    published === undefined ||
    change.unrecognized !== published.signed.unrecognized ||
    encodeDelegationsText(delegations) !== encodeDelegationsText(old) ||
    published.signed.targets.size > 0 ||
    findValidSignatures(published.bytes, by).length < by.role.threshold;
  const expired = published?.signed.expires ?? operation.now;
  const isDue = dueRoles([{ role: "targets", expires: expired }], terms).length > 0;
  const isWhole = isChanged || isDue || operation.state().published === undefined;
  const fresh = expiryOf("targets", terms);
  const before = await readOld(operation, parent, isWhole ? "all" : change.staged.keys());
  return { delegations, before, isWhole, isChanged, expires: fresh > expired ? fresh : expired };
}

/** The published targets of the role and of all its bins, or of those that these names belong to. */
async function readOld(
  operation: Operation,
  { published, snapshot }: BinParent,
  paths: Iterable<TargetPath> | "all",
): Promise<TargetMap> {
  const { targets = new Map<TargetPath, TargetFile>(), delegations } = published?.signed ?? {};
  if (delegations?.kind !== "succinct") return targets;
  const names = paths === "all" ? binNames(delegations.succinct) : binsOf(delegations, paths);
  return new Map([...targets, ...(await readBinTargets(operation, { delegations, snapshot }, names))]);
}

export interface BinDocument {
  readonly name: RoleName;
  /** Bins without targets that have the same version have the same document. */
  readonly document: Targets;
}

interface Editions {
  readonly staged: StagedTargets;
  readonly snapshot: Snapshot;
  /** The highest version of a bin that was used beside the published ones. */
  readonly floor?: ((name: string) => number) | undefined;
}

/** The next documents of the bins that change, one at a time. */
export function* binDocuments(
  { delegations, before, isWhole, expires }: PlannedBins,
  { staged, snapshot, floor = () => 0 }: Editions,
): Iterable<BinDocument> {
  const { succinct } = delegations;
  const parts = divide(delegations, applyStaged(before, staged));
  const empty = new Map<number, Targets>();
  for (const name of isWhole ? binNames(succinct) : binsOf(delegations, staged.keys())) {
    const targets = parts.get(name);
    const version = Math.max(snapshot.meta.get(`${name}.json`)?.version ?? 0, floor(name)) + 1;
    const known = targets === undefined ? empty.get(version) : undefined;
    const document = known ?? planTargets(undefined, { targets: targets ?? new Map() }, { version, expires });
    if (targets === undefined) empty.set(version, document);
    yield { name, document };
  }
}

function divide({ succinct }: SuccinctDelegations, targets: TargetMap): ReadonlyMap<RoleName, TargetMap> {
  const bins = new Map<RoleName, Map<TargetPath, TargetFile>>();
  for (const [path, file] of targets) {
    const name = binName(succinct, path);
    const bin = bins.get(name) ?? new Map<TargetPath, TargetFile>();
    bins.set(name, bin.set(path, file));
  }
  return bins;
}
