/**
 * Makes signed files from a base and the requested changes. Every file is signed by as many keys as its role needs,
 * under the root that the release will carry, and has a version number that was never used before.
 */
import {
  keepOpen,
  parseUnverified,
  signDocument,
  verifyDocument,
  type PushRecord,
  type Root,
  type Snapshot,
  type Targets,
  type Timestamp,
  type TopLevelRole,
} from "@dtuf/tuf";
import { signBins } from "../bins/sign-bins.ts";
import type { KeyChange } from "../documents/key-changes.ts";
import { termsOf, type Expiry } from "../documents/periods.ts";
import { planStagedTargets } from "../documents/role-changes.ts";
import type { StagedBins } from "../documents/staged-bins.ts";
import { describeStaged, isSameTarget, type StagedTargets } from "../documents/changes.ts";
import type { ReleaseVersions, StagedTarget } from "../contract/contract.ts";
import { versionsOf, type Base } from "../published/base.ts";
import { pushedMark } from "../state/pushed-mark.ts";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import { delegatedFiles } from "./delegate.ts";
import { applyRoles, type StagedRoles } from "../documents/staged-role.ts";
import {
  expiryOf,
  nextVersions,
  planSnapshot,
  planTimestamp,
  type Edition,
  type Instant,
  type SignedFile,
} from "../documents/plan.ts";
import type { Operation } from "../state/operation.ts";

/** A release, signed and not yet uploaded. */
export interface Draft {
  readonly versions: ReleaseVersions;
  readonly root: Root;
  readonly roots: readonly SignedFile[];
  readonly timestamp: SignedFile;
  readonly snapshot: SignedFile;
  readonly targets: SignedFile;
  readonly targetsDocument: Targets;
  readonly snapshotDocument: Snapshot;
  readonly delegated: readonly DelegatedFile[];
  readonly changed: readonly StagedTarget[];
  readonly renewed: readonly TopLevelRole[];
  /** The roles that keep their expiry. */
  readonly notRenewed: readonly Expiry[];
}

/**
 * "all": targets, snapshot and timestamp, with the staged changes. "online": the timestamp, and the snapshot if it is
 * due. "accepted": snapshot and timestamp over files that others signed.
 */
export type Coverage =
  | {
      readonly kind: "all";
      readonly staged: StagedTargets;
      readonly roles: StagedRoles;
      readonly keys: readonly KeyChange[];
      readonly bins: StagedBins | undefined;
    }
  | ({ readonly kind: "online" } & OnlineCoverage)
  | ({ readonly kind: "accepted" } & AcceptedFiles);

/** Files that others signed, verified against the base. */
export interface AcceptedFiles {
  readonly root: Root;
  /** Roots after the base's. */
  readonly roots: readonly SignedFile[];
  /** Absent: the published targets stay. */
  readonly targets?: SignedFile | undefined;
  readonly targetsDocument: Targets;
  readonly delegated: readonly DelegatedFile[];
  readonly changed: readonly StagedTarget[];
}

export interface OnlineCoverage {
  /** Default: as the metadata says, else half of the snapshot's lifetime. */
  readonly withinMs?: number | undefined;
  /**
   * "if-pushed-here": only if the published targets were pushed from here. For others, only the registry says that they
   * are the newest.
   */
  readonly snapshot: "if-pushed-here" | "if-due";
  /** A record that matches the base. Until its `until`, the pusher guarantees that the base is the newest. */
  readonly pushRecord?: PushRecord | undefined;
}

/** @throws MasterError MASTER_KEYS_MISSING, MASTER_PASSPHRASE_WRONG, …; TufError */
export function signRelease(operation: Operation, base: Base, coverage: Coverage): Promise<Draft> {
  switch (coverage.kind) {
    case "all":
      return signAll(operation, base, coverage);
    case "online":
      return signOnline(operation, base, coverage);
    case "accepted":
      return signAccepted(operation, base, coverage);
  }
}

/** The first publication signs version 1: what was signed before it stays on this machine. */
function publishedVersions(operation: Operation, base: Base): ReleaseVersions {
  const versions = versionsOf(base);
  if (operation.state().published !== undefined) return versions;
  return { ...versions, timestamp: 0, snapshot: 0, targets: 0 };
}

async function signAll(operation: Operation, base: Base, coverage: Coverage & { kind: "all" }): Promise<Draft> {
  const { root, roots } = await openNewestRoot(operation, base);
  const next = nextVersions(publishedVersions(operation, base), operation.state().signed);
  const sign = signerFor(operation, root);
  const terms = termsOf(operation, { root });
  const top = await signTargets(operation, base, {
    coverage,
    root,
    made: { version: next.targets, instant: operation },
  });
  const { targets, targetsDocument, delegated, before, isRenewed } = top;
  const files = new Map<string, SignedFile>([
    ...(isRenewed ? [["targets.json", targets] as const] : []),
    ...delegated.map((file) => [`${file.name}.json`, file] as const),
  ]);
  const snapshotDocument = planSnapshot(base.snapshot.signed, files, edition("snapshot", next, terms));
  const snapshot = await sign("snapshot", snapshotDocument);
  const timestamp = await sign(
    "timestamp",
    planTimestamp(base.timestamp.signed, snapshot, edition("timestamp", next, terms)),
  );
  const changed = describeStaged(before, coverage.staged).filter(
    ({ path, file }) => !isSameTarget(before.get(path), file),
  );
  return {
    ...{ root, roots, timestamp, snapshot, targets, targetsDocument, snapshotDocument, delegated, changed },
    versions: { ...next, root: root.version, targets: targets.version },
    renewed: renewedRoles({ root: root.version > base.root.signed.version, targets: isRenewed }),
    notRenewed: [
      { role: "root", expires: root.expires },
      ...(isRenewed ? [] : [{ role: "targets", expires: targetsDocument.expires } as const]),
    ],
  };
}

interface SignTargets {
  readonly coverage: Coverage & { kind: "all" };
  readonly root: Root;
  readonly made: { readonly version: number; readonly instant: Instant };
}

type SignedTargets = Pick<Draft, "targets" | "targetsDocument" | "delegated"> & {
  /** The published targets that the changes are compared with. */
  readonly before: Targets["targets"];
  /** False: the changes are in hash bins, and the file of targets stays as it is published. */
  readonly isRenewed: boolean;
};

async function signTargets(
  operation: Operation,
  base: Base,
  { coverage, root, made }: SignTargets,
): Promise<SignedTargets> {
  const old = base.targets.signed;
  const { roles } = coverage;
  const binned = await signBins(operation, base, { ...coverage, root });
  if (binned !== undefined) applyRoles(binned.delegations, roles);
  if (binned?.isWhole === false) {
    const targets = { version: old.version, bytes: base.targets.bytes };
    return { targets, targetsDocument: old, delegated: binned.files, before: binned.before, isRenewed: false };
  }
  const planned = planStagedTargets(old, coverage, made);
  const inBins = binned && { targets: new Map<never, never>(), delegations: binned.delegations };
  const targetsDocument = { ...planned, ...inBins };
  const listed = { snapshot: base.snapshot.signed, signatures: "threshold" } as const;
  const delegated = binned?.files ?? delegatedFiles(targetsDocument.delegations, roles, listed);
  const targets = await signerFor(operation, root)("targets", targetsDocument);
  return { targets, targetsDocument, delegated, before: binned?.before ?? old.targets, isRenewed: true };
}

function renewedRoles(is: Readonly<Record<"root" | "targets", boolean>>): readonly TopLevelRole[] {
  return [...(["root", "targets"] as const).filter((role) => is[role]), "snapshot", "timestamp"];
}

/** The files of a proposal as they are signed, with a new snapshot and timestamp. */
async function signAccepted(operation: Operation, base: Base, accepted: AcceptedFiles): Promise<Draft> {
  const { root, targetsDocument, delegated } = accepted;
  const next = nextVersions(publishedVersions(operation, base), operation.state().signed);
  const sign = signerFor(operation, root);
  const targets = accepted.targets ?? { version: targetsDocument.version, bytes: base.targets.bytes };
  const files = new Map<string, SignedFile>([
    ...(accepted.targets === undefined ? [] : [["targets.json", accepted.targets] as const]),
    ...delegated.map((file) => [`${file.name}.json`, file] as const),
  ]);
  const terms = termsOf(operation, { root });
  const snapshotDocument = planSnapshot(base.snapshot.signed, files, edition("snapshot", next, terms));
  const snapshot = await sign("snapshot", snapshotDocument);
  const fresh = edition("timestamp", next, terms);
  const timestamp = await sign("timestamp", planTimestamp(base.timestamp.signed, snapshot, fresh));
  const roots = [...base.roots, ...accepted.roots];
  return {
    ...{ root, roots, timestamp, snapshot, targets, targetsDocument, snapshotDocument, delegated },
    changed: accepted.changed,
    versions: { ...next, root: root.version, targets: targets.version },
    renewed: renewedRoles({ root: accepted.roots.length > 0, targets: accepted.targets !== undefined }),
    notRenewed: [
      { role: "root", expires: root.expires },
      ...(accepted.targets === undefined ? [{ role: "targets", expires: targetsDocument.expires } as const] : []),
    ],
  };
}

async function signOnline(operation: Operation, base: Base, coverage: OnlineCoverage): Promise<Draft> {
  const root = base.root.signed;
  const next = nextVersions(publishedVersions(operation, base), operation.state().signed);
  const before = base.snapshot.signed;
  const until = coverage.pushRecord?.until;
  const terms = termsOf(operation, { root });
  const renewal = capped(edition("snapshot", next, terms), until);
  const isPushedHere = operation.state().pushed === pushedMark(base.snapshot.bytes);
  const isAllowed = coverage.snapshot === "if-due" || coverage.pushRecord !== undefined || isPushedHere;
  const left = before.expires.getTime() - operation.now.getTime();
  const isWorthIt = until === undefined || renewal.expires > before.expires;
  const isDue = isAllowed && isWorthIt && left <= (coverage.withinMs ?? terms.windowsMs.snapshot);
  const renews = isDue && (before.expires <= operation.now || (await operation.ring.canSign("snapshot", root)));
  const sign = signerFor(operation, root);

  const snapshotDocument = renews ? planSnapshot(before, new Map(), renewal) : before;
  const snapshot = renews
    ? await sign("snapshot", snapshotDocument)
    : { version: before.version, bytes: base.snapshot.bytes };
  const fresh = capped(edition("timestamp", next, terms), until);
  const timestamp = await sign("timestamp", planTimestamp(base.timestamp.signed, snapshot, fresh));
  const targetsDocument = base.targets.signed;
  const targets = { version: targetsDocument.version, bytes: base.targets.bytes };
  return {
    ...{ root, roots: base.roots, timestamp, snapshot, targets, targetsDocument, snapshotDocument },
    ...{ delegated: [], changed: [] },
    versions: { ...next, root: root.version, targets: targets.version, snapshot: snapshot.version },
    renewed: renews ? ["snapshot", "timestamp"] : ["timestamp"],
    notRenewed: [
      { role: "root", expires: root.expires },
      { role: "targets", expires: targetsDocument.expires },
      ...(renews ? [] : [{ role: "snapshot", expires: snapshotDocument.expires } as const]),
    ],
  };
}

/** The root of the new release: the newest staged one, else the published one. */
export async function openNewestRoot(
  operation: Operation,
  base: Pick<Base, "root" | "roots">,
): Promise<{ readonly root: Root; readonly roots: readonly SignedFile[] }> {
  const { stagedRoots, stagedPin } = operation.state();
  const roots = [...base.roots];
  let root = base.root.signed;
  for (const staged of stagedRoots) {
    const bytes = await operation.files.readMetadata(staged);
    const by = { keys: root.keys, role: root.roles.root };
    if (staged.version !== stagedPin) verifyDocument(bytes, by, "root");
    root = openOwnRoot(bytes);
    roots.push({ version: staged.version, bytes });
  }
  return { root, roots };
}

/** A root must meet its own threshold, even if other keys signed it too. */
function openOwnRoot(bytes: Uint8Array): Root {
  const { keys, roles } = parseUnverified(bytes, "root");
  return verifyDocument(bytes, { keys, role: roles.root }, "root");
}

function signerFor(
  operation: Operation,
  root: Root,
): (role: TopLevelRole, document: Targets | Snapshot | Timestamp) => Promise<SignedFile> {
  return async (role, document) => {
    const bytes = await signDocument(document, await operation.ring.signersFor(role, root));
    if (role === "snapshot") keepOpen(bytes);
    return { version: document.version, bytes };
  };
}

function edition(role: TopLevelRole, next: ReleaseVersions, instant: Instant): Edition {
  return { version: next[role], expires: expiryOf(role, instant) };
}

/** A file that is renewed with a record expires no later than the record. */
function capped({ version, expires }: Edition, until: Date | undefined): Edition {
  return { version, expires: until !== undefined && until < expires ? until : expires };
}
