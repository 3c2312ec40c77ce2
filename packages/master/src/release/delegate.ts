/**
 * Delegated roles of a publisher. Their files are signed elsewhere, by their own keys. Here they are verified like a
 * client does, staged, and published with the snapshot that names them.
 */
import {
  findAuthority,
  findValidSignatures,
  isSuperseded,
  isTopLevelRole,
  parseRoleName,
  parseUnverified,
  signDocument,
  verifyDocument,
  verifySuccessor,
  verifyUnexpired,
  type Authority,
  type Delegations,
  type RoleName,
  type Snapshot,
  type Targets,
} from "@dtuf/tuf";
import { readSnapshot, readTopLevel } from "../bins/read-bins.ts";
import type { DelegateOptions } from "../contract/contract.ts";
import { MasterError } from "../errors.ts";
import { versionJumpMax } from "../limits.ts";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import { noChanges, planRole } from "../documents/role-changes.ts";
import { signersOf } from "../keys/given-signers.ts";
import { holdersOf } from "../documents/key-owner.ts";
import { verifyDelegations } from "../published/delegations.ts";
import { readable } from "../published/history.ts";
import { readRoleFile } from "../published/role-file.ts";
import { readPublishedRole, verifyScope, type RoleView } from "../published/role-tree.ts";
import { verifyTargetBlobs } from "../published/presence.ts";
import type { Operation } from "../state/operation.ts";
import {
  applyRoles,
  parseDelegation,
  type Delegation,
  type StagedRole,
  type StagedRoles,
} from "../documents/staged-role.ts";

/** @throws TufError; MasterError; OciError OCI_NOT_FOUND if a blob of its targets is not in the registry */
export async function delegate(operation: Operation, name: string, options: DelegateOptions): Promise<void> {
  const role = parseDelegatedName(name);
  const delegation = parseDelegation(options);
  const { metadata } = options;
  if (metadata !== undefined) return stageRole(operation, role, { kind: "put", delegation, metadata });
  const before = await currentDelegations(operation);
  const change = {
    kind: "put",
    delegation,
    metadata: await firstFile(operation, role, { delegation, before }),
  } as const;
  applyRoles(before, new Map([[role, change]]));
  await operation.files.stageRole(operation.state(), role, change);
}

/**
 * The published file, if the new keys signed it. Otherwise a new version with the same targets, or an empty first one,
 * signed by those of its keys that are here. The others sign it in a proposal.
 */
export async function firstFile(
  operation: Operation,
  role: RoleName,
  { delegation, before }: FirstFile,
): Promise<Uint8Array> {
  const listed = (await readSnapshot(operation)).meta.get(`${role}.json`);
  const published = listed === undefined ? undefined : await readRoleFile(operation, listed);
  const by = findAuthority(applyRoles(undefined, new Map([[role, { kind: "put", delegation, metadata: none }]])), role);
  if (by === undefined) throw unknownRole(role);
  if (published !== undefined && findValidSignatures(published, by).length >= by.role.threshold) return published;
  const old = findAuthority(before, role);
  const current = published === undefined || old === undefined ? undefined : verifyDocument(published, old, "targets");
  const edition = { version: (listed?.version ?? 0) + 1, instant: operation };
  return signDocument(planRole(current, noChanges, edition), signersOf(operation.signers, by));
}

interface FirstFile {
  readonly delegation: Delegation;
  /** The delegations of the document that delegates, as published. */
  readonly before: Delegations | undefined;
}

const none: Uint8Array = new Uint8Array();

export async function updateRole(operation: Operation, name: string, metadata: Uint8Array): Promise<void> {
  const role = parseDelegatedName(name);
  const staged = (await operation.files.readStagedRoles(operation.state())).get(role);
  const delegation = staged?.kind === "put" ? staged.delegation : undefined;
  await stageRole(operation, role, { kind: "put", delegation, metadata });
}

export async function revokeRole(operation: Operation, name: string): Promise<void> {
  const role = parseDelegatedName(name);
  const known = applyRoles(
    await currentDelegations(operation),
    await operation.files.readStagedRoles(operation.state()),
  );
  if (known?.kind !== "listed" || !known.roles.some((listed) => listed.name === role)) throw unknownRole(role);
  await operation.files.stageRole(operation.state(), role, { kind: "revoke" });
}

async function stageRole(operation: Operation, role: RoleName, change: StagedRole & { kind: "put" }): Promise<void> {
  const targets = await readTopLevel(operation);
  const delegations = applyRoles(targets.delegations, new Map([[role, change]]));
  const by = authorityOf(delegations, role);
  const signed = verifyDocument(change.metadata, by, "targets");
  const file = { name: role, version: signed.version, bytes: change.metadata };
  verifyUnexpired({ role, signed }, operation.now);
  const snapshot = await readSnapshot(operation);
  const listed = snapshot.meta.get(`${role}.json`);
  verifySuccessor(file, listed);
  verifyPlausibleStep(file, listed?.version ?? 0);
  await verifyRoleRules(operation, snapshot, { role, signed, before: targets, delegations });
  await verifyTargetBlobs(operation, signed.targets);
  await operation.files.stageRole(operation.state(), role, change);
}

interface NextRole {
  readonly role: RoleName;
  readonly signed: Targets;
  /** Targets as published. */
  readonly before: Targets;
  /** With the staged one. */
  readonly delegations: Delegations | undefined;
}

/** The rules of a proposal: what the role lists, and what it delegates. @throws MasterError MASTER_PATH_NOT_DELEGATED, MASTER_PROPOSAL_INVALID */
async function verifyRoleRules(
  operation: Operation,
  snapshot: Snapshot,
  { role, signed, before, delegations }: NextRole,
): Promise<void> {
  const by = authorityOf(delegations, role);
  if (delegations === undefined) throw unknownRole(role);
  const chain = [{ delegations, role }];
  verifyScope({ name: role, delegator: parseRoleName("targets"), by, chain }, signed.targets.keys());
  const old = findAuthority(before.delegations, role);
  const published = old && (await readable(() => readPublishedRole(operation, snapshot, { name: role, by: old })));
  const view: RoleView = { readRole: (other) => readPublishedRole(operation, snapshot, other) };
  await verifyDelegations(view, `the file of ${role}`, {
    targets: { ...before, delegations },
    files: [{ role, document: signed, before: published?.document }],
  });
}

/** New keys of the role could sign nothing above the highest version. @throws MasterError MASTER_VERSION_IMPLAUSIBLE */
function verifyPlausibleStep(
  { name, version }: { readonly name: RoleName; readonly version: number },
  published: number,
): void {
  if (version <= published + versionJumpMax) return;
  const message = `the file of ${name} has version ${version}; ${published} is published: was its key stolen?`;
  const details = { role: name, wanted: published, got: version };
  throw new MasterError("MASTER_VERSION_IMPLAUSIBLE", message, { details });
}

async function currentDelegations(operation: Operation): Promise<Delegations | undefined> {
  return (await readTopLevel(operation)).delegations;
}

/**
 * The staged files, verified like a client does. An update is left out if another publisher's is newer. A new
 * delegation must not be left out, because the published file may be signed by other keys.
 * @throws TufError TUF_ROLLBACK
 */
export function delegatedFiles(
  delegations: Delegations | undefined,
  staged: StagedRoles,
  { snapshot, signatures }: { readonly snapshot: Snapshot; readonly signatures: "threshold" | "any" },
): readonly DelegatedFile[] {
  const files: DelegatedFile[] = [];
  for (const [name, change] of staged) {
    if (change.kind === "revoke") continue;
    const by = authorityOf(delegations, name);
    const document = parseUnverified(change.metadata, "targets");
    if (signatures === "threshold") verifySigned(name, change.metadata, by);
    const file = { name, version: document.version, bytes: change.metadata, document };
    const listed = snapshot.meta.get(`${name}.json`);
    if (change.delegation !== undefined) verifySuccessor(file, listed);
    if (!isSuperseded(file, listed)) files.push(file);
  }
  return files;
}

interface KeptRoles {
  readonly before: Delegations | undefined;
  readonly after: Delegations | undefined;
  readonly snapshot: Snapshot;
  readonly files: readonly DelegatedFile[];
}

/**
 * Verifies that the published files of roles whose keys or threshold change still meet them, so that clients do not
 * lose the role.
 * @throws MasterError MASTER_SIGNATURES_MISSING
 */
export async function verifyKeptRoles(operation: Operation, roles: KeptRoles): Promise<void> {
  const { before, after, snapshot } = roles;
  const files = new Set(roles.files.map(({ name }) => name));
  for (const [fileName, meta] of snapshot.meta) {
    const name = fileName.slice(0, -".json".length) as RoleName;
    const [old, by] = [findAuthority(before, name), findAuthority(after, name)];
    if (old === undefined || by === undefined || files.has(name)) continue;
    const isStricter =
      old.role.keyIds.some((id) => !by.role.keyIds.includes(id)) || by.role.threshold > old.role.threshold;
    const file = isStricter ? await readRoleFile(operation, meta) : undefined;
    const signed = file === undefined ? 0 : findValidSignatures(file, by).length;
    if (isStricter && signed < by.role.threshold) throw unsigned(name, signed, by);
  }
}

function unsigned(role: string, signed: number, by: Authority): MasterError {
  const missing = holdersOf(by);
  return new MasterError(
    "MASTER_SIGNATURES_MISSING",
    `${role} has ${signed} of ${by.role.threshold} signatures by its new keys: its keys (${missing.join(", ")}) must sign a new version of it first`,
    { details: { role, wanted: by.role.threshold, got: signed, missing } },
  );
}

/** @throws MasterError MASTER_SIGNATURES_MISSING; a first file may have been staged before its keys signed it */
function verifySigned(name: RoleName, file: Uint8Array, by: Authority): void {
  const signed = findValidSignatures(file, by).length;
  if (signed < by.role.threshold) throw unsigned(name, signed, by);
}

function authorityOf(delegations: Delegations | undefined, name: RoleName): Authority {
  const by = delegations?.kind === "listed" ? findAuthority(delegations, name) : undefined;
  if (by === undefined) throw unknownRole(name);
  return by;
}

export function parseDelegatedName(name: string): RoleName {
  if (isTopLevelRole(name)) throw new TypeError(`${name} is a top-level role`);
  return parseRoleName(name);
}

function unknownRole(role: string): MasterError {
  return new MasterError("MASTER_ROLE_UNKNOWN", `targets does not delegate to ${JSON.stringify(role)}`, {
    details: { role },
  });
}
