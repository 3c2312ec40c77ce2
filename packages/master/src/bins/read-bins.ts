/** Reads published hash bins: each by the digest in the signed snapshot, verified by the keys of its delegation. */
import { forEachConcurrently } from "@dtuf/registry";
import {
  binName,
  binNames,
  parseUnverified,
  verifyDocument,
  type RoleName,
  type Snapshot,
  type SuccinctDelegations,
  type TargetFile,
  type TargetPath,
  type Targets,
} from "@dtuf/tuf";
import type { TargetMap } from "../documents/changes.ts";
import { MasterError } from "../errors.ts";
import { readRoleFile } from "../published/role-file.ts";
import type { Operation } from "../state/operation.ts";

export interface PublishedBins {
  readonly delegations: SuccinctDelegations;
  readonly snapshot: Snapshot;
}

/** Bins of the same bytes, which are usually the empty ones, are read once. */
interface BinReader {
  /** Undefined: the snapshot does not list it. @throws MasterError MASTER_METADATA_UNAVAILABLE; TufError; OciError */
  find(name: RoleName): Promise<Targets | undefined>;
}

function createBinReader(
  operation: Operation,
  { delegations, snapshot }: PublishedBins,
  keeps: "keep" | "not",
): BinReader {
  const empty = new Map<string, Targets>();
  const by = { keys: delegations.keys, role: delegations.succinct };
  return {
    async find(name) {
      const meta = snapshot.meta.get(`${name}.json`);
      if (meta === undefined) return undefined;
      const sha256 = meta.hashes?.get("sha256") ?? "";
      const known = empty.get(sha256);
      if (known !== undefined) return known;
      const kept = keeps === "keep" ? await operation.files.findBin(sha256) : undefined;
      const bytes = kept ?? (await readRoleFile(operation, meta));
      if (bytes === undefined) throw unavailable(name, meta.version);
      const document = verifyDocument(bytes, by, "targets");
      if (kept === undefined && keeps === "keep") await operation.files.saveBin(bytes);
      if (document.targets.size === 0) empty.set(sha256, document);
      return document;
    },
  };
}

/** The targets of these bins together. */
export async function readBinTargets(
  operation: Operation,
  published: PublishedBins,
  names: Iterable<RoleName>,
): Promise<TargetMap> {
  const all = new Map<TargetPath, TargetFile>();
  // Those of all names are too many to be kept.
  const reader = createBinReader(operation, published, names instanceof Set ? "keep" : "not");
  await forEachConcurrently(names, operation.concurrency, async (name) => {
    for (const [path, file] of (await reader.find(name))?.targets ?? []) all.set(path, file);
  });
  return all;
}

/** The top-level role of the last release. The files of the record were verified before they were saved. */
export async function readTopLevel(operation: Operation): Promise<Targets> {
  return parseUnverified(await operation.files.readMetadata(operation.state().head.targets), "targets");
}

/** The snapshot of the last release. */
export async function readSnapshot(operation: Operation): Promise<Snapshot> {
  return parseUnverified(await operation.files.readSnapshot(operation.state()), "snapshot");
}

/**
 * The targets of the last release: of the top-level role and, if it delegates to bins, of the bins that these names
 * belong to, or of all.
 */
export async function readSignedTargets(operation: Operation, names: Iterable<TargetPath> | "all"): Promise<TargetMap> {
  const { targets, delegations } = await readTopLevel(operation);
  if (delegations?.kind !== "succinct") return targets;
  const bins = names === "all" ? binNames(delegations.succinct) : binsOf(delegations, names);
  const snapshot = await readSnapshot(operation);
  return new Map([...targets, ...(await readBinTargets(operation, { delegations, snapshot }, bins))]);
}

/** The bins that the paths belong to. */
export function binsOf({ succinct }: SuccinctDelegations, paths: Iterable<TargetPath>): ReadonlySet<RoleName> {
  return new Set([...paths].map((path) => binName(succinct, path)));
}

/** Whether the last release has hash bins, or will have after the next publication. */
export async function hasBins(operation: Operation): Promise<boolean> {
  if ((await operation.files.findBins(operation.state())) !== undefined) return true;
  return (await readTopLevel(operation)).delegations?.kind === "succinct";
}

function unavailable(name: RoleName, version: number): MasterError {
  return new MasterError("MASTER_METADATA_UNAVAILABLE", `${name} ${version} is not in the registry`, {
    details: { name, version },
  });
}
