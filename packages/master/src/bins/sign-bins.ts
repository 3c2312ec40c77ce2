/**
 * Signs the hash bins of a release. Usually those that a staged target belongs to, each at least as long as targets is
 * valid. If targets is signed again, because it is due or the bins change, all bins are: so no bin expires before targets
 * does. Bins without targets are the same bytes, which are signed and stored once.
 */
import {
  binName,
  binNames,
  findValidSignatures,
  keyMaterial,
  signDocument,
  type Authority,
  type RoleName,
  type Root,
  type Signer,
  type SuccinctDelegations,
  type TargetFile,
  type TargetPath,
  type Targets,
} from "@dtuf/tuf";
import { encodeDelegationsText } from "./delegations-text.ts";
import { applyStaged, type StagedTargets, type TargetMap } from "../documents/changes.ts";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import { changeDelegations, changePeriods, type KeyChange } from "../documents/key-changes.ts";
import { dueRoles, termsOf } from "../documents/periods.ts";
import { expiryOf, planTargets } from "../documents/plan.ts";
import { planBins, type StagedBins } from "../documents/staged-bins.ts";
import { MasterError } from "../errors.ts";
import { signersOf } from "../keys/given-signers.ts";
import { materials } from "../keys/key-ring.ts";
import type { Base } from "../published/base.ts";
import type { Operation } from "../state/operation.ts";
import { binsOf, readBinTargets } from "./read-bins.ts";

export interface BinChanges {
  readonly staged: StagedTargets;
  readonly bins: StagedBins | undefined;
  readonly keys: readonly KeyChange[];
  /** Of the next release. */
  readonly root: Root;
}

export interface PlannedBins {
  readonly delegations: SuccinctDelegations;
  /** The published targets of the bins that change. */
  readonly before: TargetMap;
  /** Whether targets must be signed again, and with it all bins. */
  readonly isWhole: boolean;
  /** When a bin expires that is signed now, if targets does not expire later. */
  readonly fresh: Date;
}

export interface SignedBins extends PlannedBins {
  readonly files: readonly DelegatedFile[];
}

type BinBase = Pick<Base, "targets" | "snapshot">;

/** Returns undefined if targets does not delegate to bins. Needs no key. @throws MasterError MASTER_BINS_EXIST; OciError */
export async function findPlannedBins(
  operation: Operation,
  base: BinBase,
  changes: BinChanges,
): Promise<PlannedBins | undefined> {
  const { signed, bytes } = base.targets;
  const targets = { keys: changes.root.keys, role: changes.root.roles.targets };
  const planned = planBins(signed.delegations, { staged: changes.bins, targets });
  const delegations = changeDelegations(planned, changes.keys);
  if (delegations?.kind !== "succinct") return undefined;
  const unrecognized = changePeriods("targets", signed.unrecognized, changes.keys);
  const terms = termsOf(operation, { targets: { unrecognized } });
  const isWhole =
    unrecognized !== signed.unrecognized ||
    encodeDelegationsText(delegations) !== encodeDelegationsText(signed.delegations) ||
    operation.state().published === undefined ||
    signed.targets.size > 0 ||
    dueRoles([{ role: "targets", expires: signed.expires }], terms).length > 0 ||
    findValidSignatures(bytes, targets).length < targets.role.threshold;
  const before = await readOld(operation, base, { changes, isWhole });
  return { delegations, before, isWhole, fresh: expiryOf("targets", terms) };
}

/** Returns undefined if targets does not delegate to bins. @throws MasterError MASTER_BINS_EXIST, MASTER_KEYS_MISSING; … */
export async function signBins(
  operation: Operation,
  base: BinBase,
  changes: BinChanges,
): Promise<SignedBins | undefined> {
  const planned = await findPlannedBins(operation, base, changes);
  if (planned === undefined) return undefined;
  const { delegations, before, isWhole, fresh } = planned;
  const maker = await createBinMaker(operation, base, { delegations, root: changes.root, fresh });
  const files: DelegatedFile[] = [];
  const parts = divide(delegations, applyStaged(before, changes.staged));
  const kept = divide(delegations, before);
  const names = isWhole ? binNames(delegations.succinct) : binsOf(delegations, changes.staged.keys());
  for (const name of names) files.push(await maker.make(name, { targets: parts.get(name), published: kept.get(name) }));
  return { ...planned, files };
}

interface OldBins {
  readonly changes: BinChanges;
  readonly isWhole: boolean;
}

/** The published targets of all bins, or of those that a staged target belongs to. */
async function readOld(operation: Operation, base: BinBase, { changes, isWhole }: OldBins): Promise<TargetMap> {
  const { targets, delegations } = base.targets.signed;
  if (delegations?.kind !== "succinct") return targets;
  const names = isWhole ? binNames(delegations.succinct) : binsOf(delegations, changes.staged.keys());
  const published = { delegations, snapshot: base.snapshot.signed };
  return new Map([...targets, ...(await readBinTargets(operation, published, names))]);
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

interface BinContent {
  readonly targets: TargetMap | undefined;
  readonly published: TargetMap | undefined;
}

interface BinMaker {
  make(name: RoleName, content: BinContent): Promise<DelegatedFile>;
}

interface MakerOptions {
  readonly delegations: SuccinctDelegations;
  readonly root: Root;
  readonly fresh: Date;
}

async function createBinMaker(
  operation: Operation,
  { snapshot, targets: { signed } }: BinBase,
  { delegations, root, fresh }: MakerOptions,
): Promise<BinMaker> {
  const by = { keys: delegations.keys, role: delegations.succinct };
  const signers = await findBinSigners(operation, root, by);
  const expires = fresh > signed.expires ? fresh : signed.expires;
  const empty = new Map<number, Pick<DelegatedFile, "version" | "bytes" | "document">>();
  const sign = async (version: number, targets: TargetMap): Promise<Pick<DelegatedFile, "bytes" | "document">> => {
    const document: Targets = planTargets(undefined, { targets }, { version, expires });
    return { document, bytes: await signDocument(document, signers) };
  };
  return {
    async make(name, { targets = new Map(), published = new Map() }) {
      const version = (snapshot.signed.meta.get(`${name}.json`)?.version ?? 0) + 1;
      const known = targets.size === 0 ? empty.get(version) : undefined;
      const file = known ?? { version, ...(await sign(version, targets)) };
      if (targets.size === 0) empty.set(version, file);
      return { ...file, name, published, kind: "bin" };
    },
  };
}

/** The key files of targets if they are keys of the bins, and the given signers. @throws MasterError MASTER_KEYS_MISSING */
async function findBinSigners(operation: Operation, root: Root, by: Authority): Promise<readonly Signer[]> {
  const ids = materials(by);
  const found = new Map<string, Signer>();
  const ofTargets = materials({ keys: root.keys, role: root.roles.targets });
  const isShared = [...ofTargets.keys()].some((material) => ids.has(material));
  const files = isShared ? await operation.ring.findSigners("targets", root) : [];
  for (const signer of [...signersOf(files, by), ...signersOf(operation.signers, by)]) {
    found.set(keyMaterial(signer.key) ?? signer.keyId, signer);
  }
  if (found.size >= by.role.threshold) return [...found.values()];
  const { threshold, keyIds } = by.role;
  const message = `the hash bins need ${threshold} of their keys to sign, ${found.size} found: name them as signers`;
  const details = { role: "bins", wanted: threshold, got: found.size, keyIds };
  throw new MasterError("MASTER_KEYS_MISSING", message, { details });
}
