/**
 * The client's state machine (TUF 1.0.34, section 5.3 to 5.6). It holds the trusted metadata and verifies every file that is added:
 *
 *   pinned root -> updateRoot* -> finishRoot -> updateTimestamp+ -> finishTimestamp -> updateSnapshot+ -> updateTargets -> updateDelegated*
 *
 * Each step needs the previous one and ends it: no root after finishRoot, no timestamp after a snapshot, no snapshot after
 * targets; any other order throws TUF_OUT_OF_ORDER. A step that throws leaves the set unchanged.
 * Cached files are added first, then the source's, so that the source's are compared with them: an expired timestamp and a stale
 * cached snapshot are accepted for that comparison and refused by the next step. A cached file that does not verify (its key was
 * rotated) is not added, which is how a client recovers from a fast-forward attack (5.3.11).
 * A file's size is verified before it is parsed, its signatures before its content is read, its rules before it is trusted. Nothing
 * is cached, fetched or timed here: `now` is one instant for the whole refresh (5.2).
 */
import { findAuthority } from "./authority.ts";
import { openFile, parseSigned } from "./document.ts";
import type { DocumentOf } from "./document.ts";
import { verifyThreshold } from "./envelope.ts";
import { TufError } from "./errors.ts";
import { verifyFamiliesKept } from "./families.ts";
import { verifyMetaFile } from "./file-info.ts";
import type { Limits } from "./limits.ts";
import { defaultLimits } from "./limits.ts";
import type { RoleName, TopLevelRole } from "./names.ts";
import type { Authority } from "./role.ts";
import type { Root } from "./root.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Targets } from "./targets.ts";
import type { Timestamp } from "./timestamp.ts";
import type { Trusted } from "./trusted.ts";
import {
  verifyUnexpired,
  verifyNothingLost,
  verifyNoRollback,
  verifyVersion,
  missing,
  outOfOrder,
  trust,
} from "./trusted.ts";
import type { WantedFile } from "./wanted.ts";
import { metaOf, wantedFile } from "./wanted.ts";

/** Every update throws a TufError and leaves the set unchanged if the file cannot be trusted. */
export interface TrustedSet {
  readonly now: Date;
  readonly limits: Limits;
  readonly root: Trusted<Root>;
  /** May be expired until there is a snapshot. */
  readonly timestamp: Trusted<Timestamp> | undefined;
  /** May be stale until there are targets. */
  readonly snapshot: Trusted<Snapshot> | undefined;
  readonly targets: Trusted<Targets> | undefined;
  /** Returns the role as verified for this delegator or, without one, for any delegator. */
  delegated(role: RoleName, delegator?: RoleName): Trusted<Targets> | undefined;
  /** Adds the next version, signed by the old root's threshold and its own. It may be expired, because only the last root must be valid. */
  updateRoot(file: Uint8Array): Trusted<Root>;
  /** Ends the root chain. @throws TufError TUF_EXPIRED */
  finishRoot(): void;
  /** Returns "unchanged" if the set has this version already; the new bytes are dropped then. */
  updateTimestamp(file: Uint8Array): "updated" | "unchanged";
  /**
   * Ends the timestamps (5.4.4): the current one is used. Optional, because the snapshot's step verifies
   * the same.
   * @throws TufError TUF_EXPIRED if the timestamp is valid only for comparison with newer ones
   */
  finishTimestamp(): void;
  /**
   * A "source" file must be the one that the timestamp names, and unexpired. A "cache" file may differ; it is then "stale",
   * used only for comparison with the next one, and the current one must be fetched.
   */
  updateSnapshot(file: Uint8Array, origin: "source" | "cache"): "current" | "stale";
  updateTargets(file: Uint8Array): void;
  /** Verified with the keys that the delegator, which must be loaded, lists now. */
  updateDelegated(role: RoleName, delegator: RoleName, file: Uint8Array): void;
  /** The same verification, and nothing is kept: of thousands of hash bins, one is in memory at a time. */
  verifyDelegated(role: RoleName, delegator: RoleName, file: Uint8Array): void;
  /**
   * Returns what is known about the next file of a role. The version is missing if the file's name has none: for the timestamp,
   * and for all roles but root if the root says that snapshots are not consistent (7.1).
   * @throws TufError TUF_OUT_OF_ORDER before the file that has the information is loaded, TUF_ROLE_MISSING
   */
  wanted(role: TopLevelRole | RoleName): WantedFile;
}

export interface TrustedSetOptions {
  /** The pinned root: trusted because the caller passes it, but it must meet its own threshold. It may be expired. */
  readonly root: Uint8Array;
  readonly now: Date;
  readonly limits?: Partial<Limits> | undefined;
}

interface State {
  readonly now: Date;
  readonly limits: Limits;
  root: Trusted<Root>;
  rootFinished: boolean;
  timestampFinished: boolean;
  timestamp: Trusted<Timestamp> | undefined;
  snapshot: Trusted<Snapshot> | undefined;
  targets: Trusted<Targets> | undefined;
  /** By role, then by the delegator that it was verified for. */
  delegated: Map<RoleName, Map<RoleName, Trusted<Targets>>>;
}

/** @throws TufError if the pinned root does not meet its own threshold or is malformed */
export function createTrustedSet(options: TrustedSetOptions): TrustedSet {
  const state = openState(options);
  return {
    now: state.now,
    limits: state.limits,
    get root() {
      return state.root;
    },
    get timestamp() {
      return state.timestamp;
    },
    get snapshot() {
      return state.snapshot;
    },
    get targets() {
      return state.targets;
    },
    delegated: (role, delegator) => findDelegated(state, role, delegator),
    updateRoot: (file) => updateRoot(state, file),
    finishRoot() {
      verifyUnexpired(state.root, state.now);
      state.rootFinished = true;
    },
    updateTimestamp: (file) => updateTimestamp(state, file),
    finishTimestamp() {
      verifyUnexpired(timestampOf(state), state.now);
      state.timestampFinished = true;
    },
    updateSnapshot: (file, origin) => updateSnapshot(state, file, origin),
    updateTargets: (file) => updateTargets(state, file),
    updateDelegated: (role, delegator, file) => updateDelegated(state, { role, delegator, file }),
    verifyDelegated: (role, delegator, file) => void openDelegated(state, { role, delegator, file }),
    wanted: (role) => wanted(state, role),
  };
}

function openState({ root, now, limits: changed }: TrustedSetOptions): State {
  if (Number.isNaN(now.getTime())) throw new TypeError("now is not a valid date");
  const limits = changed === undefined ? defaultLimits : { ...defaultLimits, ...changed };
  return {
    now: new Date(now),
    limits,
    root: openRoot(root, limits),
    rootFinished: false,
    timestampFinished: false,
    timestamp: undefined,
    snapshot: undefined,
    targets: undefined,
    delegated: new Map(),
  };
}

function updateRoot(state: State, file: Uint8Array): Trusted<Root> {
  if (state.rootFinished) throw outOfOrder("root", "the root chain is finished");
  const { signed } = state.root;
  const next = openRoot(file, state.limits, { keys: signed.keys, role: signed.roles.root });
  verifyVersion(next, signed.version + 1);
  verifyFamiliesKept(signed.roles, next.signed.roles);
  state.root = next;
  return next;
}

/** A root is signed by its own keys and, if it has a predecessor, by the predecessor's. */
function openRoot(file: Uint8Array, limits: Limits, old?: Authority): Trusted<Root> {
  const envelope = openFile(file, "root", limits);
  if (old !== undefined) verifyThreshold(envelope, old, "root");
  const signed = parseSigned(envelope.signed, "root", limits);
  verifyThreshold(envelope, { keys: signed.keys, role: signed.roles.root }, "root");
  return trust("root", signed, file);
}

function updateTimestamp(state: State, file: Uint8Array): "updated" | "unchanged" {
  if (!state.rootFinished) throw outOfOrder("timestamp", "the root chain is not finished");
  if (state.timestampFinished) throw outOfOrder("timestamp", "the timestamp is in use already");
  if (state.snapshot !== undefined) throw outOfOrder("timestamp", "there is a snapshot already");
  const next = openTopLevel(state, "timestamp", file);
  const before = state.timestamp?.signed;
  if (before !== undefined) {
    verifyNoRollback("timestamp", before.version, next.signed.version);
    if (before.version === next.signed.version) return "unchanged";
    verifyNoRollback("snapshot", before.snapshot.version, next.signed.snapshot.version);
  }
  state.timestamp = next;
  return "updated";
}

function updateSnapshot(state: State, file: Uint8Array, origin: "source" | "cache"): "current" | "stale" {
  const timestamp = timestampOf(state);
  if (state.targets !== undefined) throw outOfOrder("snapshot", "there are targets already");
  verifyUnexpired(timestamp, state.now);
  const meta = timestamp.signed.snapshot;
  if (origin === "source") verifyMetaFile(meta, "snapshot", file);
  const next = openTopLevel(state, "snapshot", file);
  verifyNothingLost(state.snapshot?.signed.meta, next.signed.meta);
  const isCurrent = next.signed.version === meta.version && next.signed.expires > state.now;
  if (origin === "source" && !isCurrent) {
    verifyVersion(next, meta.version);
    verifyUnexpired(next, state.now);
  }
  state.snapshot = next;
  return isCurrent ? "current" : "stale";
}

function timestampOf({ timestamp }: State): Trusted<Timestamp> {
  if (timestamp === undefined) throw outOfOrder("snapshot", "there is no timestamp");
  return timestamp;
}

function updateTargets(state: State, file: Uint8Array): void {
  const { root } = state;
  const by = { keys: root.signed.keys, role: root.signed.roles.targets };
  const next = openTargets(state, { role: "targets", by, file });
  state.delegated = new Map();
  state.targets = next;
}

interface DelegatedFile {
  readonly role: RoleName;
  readonly delegator: RoleName;
  readonly file: Uint8Array;
}

function updateDelegated(state: State, delegated: DelegatedFile): void {
  const { role, delegator } = delegated;
  const next = openDelegated(state, delegated);
  const held = state.delegated.get(role) ?? new Map<RoleName, Trusted<Targets>>();
  state.delegated.set(role, held.set(delegator, next));
}

function openDelegated(state: State, { role, delegator, file }: DelegatedFile): Trusted<Targets> {
  const from = delegator === "targets" ? state.targets : findDelegated(state, delegator);
  if (from === undefined) throw outOfOrder(role, `its delegator ${delegator} is not loaded`);
  const by = findAuthority(from.signed.delegations, role);
  if (by === undefined) throw missing(role, `the delegations of ${delegator}`);
  const next = openTargets(state, { role, by, file });
  for (const { bytes } of state.delegated.get(role)?.values() ?? []) {
    if (Buffer.compare(bytes, file) !== 0) throw twoFiles(role); // a role has one content for all delegators
  }
  return next;
}

function twoFiles(role: string): TufError {
  return new TufError("TUF_HASH_MISMATCH", `${role} has two different files of one version`, { details: { role } });
}

function findDelegated(state: State, role: RoleName, delegator?: RoleName): Trusted<Targets> | undefined {
  const held = state.delegated.get(role);
  return delegator === undefined ? held?.values().next().value : held?.get(delegator);
}

/** Verifies a file of a role that the root names directly. */
function openTopLevel<K extends "timestamp" | "snapshot">(
  { root, limits }: State,
  kind: K,
  file: Uint8Array,
): Trusted<DocumentOf[K]> {
  const envelope = openFile(file, kind, limits);
  verifyThreshold(envelope, { keys: root.signed.keys, role: root.signed.roles[kind] }, kind);
  return trust(kind, parseSigned(envelope.signed, kind, limits), file);
}

/** Verifies a file of the top-level targets role or a delegated one: it must be the one that the snapshot names, and unexpired (TUF 5.6). */
function openTargets(
  { snapshot, timestamp, limits, now }: State,
  { role, by, file }: { role: string; by: Authority; file: Uint8Array },
): Trusted<Targets> {
  if (snapshot === undefined || timestamp === undefined) throw outOfOrder(role, "there is no snapshot");
  verifyVersion(snapshot, timestamp.signed.snapshot.version);
  verifyUnexpired(snapshot, now);
  const meta = metaOf(snapshot, role);
  verifyMetaFile(meta, role, file);
  const envelope = openFile(file, "targets", limits);
  verifyThreshold(envelope, by, role);
  const next = trust(role, parseSigned(envelope.signed, "targets", limits), file);
  verifyVersion(next, meta.version);
  verifyUnexpired(next, now);
  return next;
}

function wanted(state: State, role: string): WantedFile {
  const { limits, root, snapshot } = state;
  if (role === "root") return { version: root.signed.version + 1, maxBytes: limits.rootMaxBytes };
  if (role === "timestamp") return { maxBytes: limits.timestampMaxBytes };
  if (role === "snapshot") return wantedFile(timestampOf(state).signed.snapshot, root, limits.snapshotMaxBytes);
  if (snapshot === undefined) throw outOfOrder(role, "there is no snapshot");
  return wantedFile(metaOf(snapshot, role), root, limits.targetsMaxBytes);
}
