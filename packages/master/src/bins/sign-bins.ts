/** Signs the hash bins of targets for a release. Bins without targets are the same bytes, which are signed and stored once. */
import { keyMaterial, signDocument, type Authority, type Root, type Signer, type Targets } from "@dtuf/tuf";
import type { StagedTargets } from "../documents/changes.ts";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import { changePeriods, type KeyChange } from "../documents/key-changes.ts";
import type { StagedBins } from "../documents/staged-bins.ts";
import { MasterError } from "../errors.ts";
import { signersOf } from "../keys/given-signers.ts";
import { materials } from "../keys/key-ring.ts";
import type { Base } from "../published/base.ts";
import type { Operation } from "../state/operation.ts";
import { binDocuments, planParentBins, type PlannedBins } from "./plan-bins.ts";

export interface BinChanges {
  readonly staged: StagedTargets;
  readonly bins: StagedBins | undefined;
  readonly keys: readonly KeyChange[];
  /** Of the next release. */
  readonly root: Root;
}

export interface SignedBins extends PlannedBins {
  readonly files: readonly DelegatedFile[];
}

type BinBase = Pick<Base, "targets" | "snapshot">;

/** Returns undefined if targets does not delegate to bins. Needs no key. @throws MasterError MASTER_BINS_EXIST; OciError */
export async function findPlannedBins(
  operation: Operation,
  { targets, snapshot }: BinBase,
  { root, ...changes }: BinChanges,
): Promise<PlannedBins | undefined> {
  const by = { keys: root.keys, role: root.roles.targets };
  const parent = { name: "targets", published: targets, snapshot: snapshot.signed, by };
  const unrecognized = changePeriods("targets", targets.signed.unrecognized, changes.keys);
  return planParentBins(operation, parent, { ...changes, unrecognized });
}

/** Returns undefined if targets does not delegate to bins. @throws MasterError MASTER_BINS_EXIST, MASTER_KEYS_MISSING; … */
export async function signBins(
  operation: Operation,
  base: BinBase,
  changes: BinChanges,
): Promise<SignedBins | undefined> {
  const planned = await findPlannedBins(operation, base, changes);
  if (planned === undefined) return undefined;
  const { keys, succinct: role } = planned.delegations;
  const signers = await needBinSigners(operation, changes.root, { keys, role });
  const files: DelegatedFile[] = [];
  const empty = new Map<Targets, Uint8Array>();
  for (const { name, document } of binDocuments(planned, { ...changes, snapshot: base.snapshot.signed })) {
    const bytes = empty.get(document) ?? (await signDocument(document, signers));
    if (document.targets.size === 0) empty.set(document, bytes);
    const { version } = document;
    files.push({ name, version, bytes, document, published: planned.before, kind: "bin" });
  }
  return { ...planned, files };
}

/** The key files of targets if they are keys of the bins, and the given signers. */
export async function findBinSigners(operation: Operation, root: Root, by: Authority): Promise<readonly Signer[]> {
  const ids = materials(by);
  const found = new Map<string, Signer>();
  const ofTargets = materials({ keys: root.keys, role: root.roles.targets });
  const isShared = [...ofTargets.keys()].some((material) => ids.has(material));
  const files = isShared ? await operation.ring.findSigners("targets", root) : [];
  for (const signer of [...signersOf(files, by), ...signersOf(operation.signers, by)]) {
    found.set(keyMaterial(signer.key) ?? signer.keyId, signer);
  }
  return [...found.values()];
}

/** @throws MasterError MASTER_KEYS_MISSING */
async function needBinSigners(operation: Operation, root: Root, by: Authority): Promise<readonly Signer[]> {
  const found = await findBinSigners(operation, root, by);
  const { threshold, keyIds } = by.role;
  if (found.length >= threshold) return found;
  const message = `the hash bins need ${threshold} of their keys to sign, ${found.length} found: name them as signers`;
  const details = { role: "bins", wanted: threshold, got: found.length, keyIds };
  throw new MasterError("MASTER_KEYS_MISSING", message, { details });
}
