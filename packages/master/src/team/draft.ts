/** Makes the documents of a proposal from what is staged, unsigned. */
import {
  findAuthority,
  isTopLevelRole,
  parseRoleName,
  parseUnverified,
  signDocument,
  signedSha256,
  type Delegations,
  type Document,
  type Root,
  type Targets,
} from "@dtuf/tuf";
import type { ProposedFile } from "@dtuf/format";
import type { BinParent } from "../bins/plan-bins.ts";
import { isEmpty, noChanges, planRole, planStagedTargets } from "../documents/role-changes.ts";
import { applyRoles, type StagedRoles } from "../documents/staged-role.ts";
import { nextVersions } from "../documents/plan.ts";
import { MasterError } from "../errors.ts";
import { versionsOf, type Base } from "../published/base.ts";
import { openNextRoot } from "../release/role-keys.ts";
import { delegatedFiles } from "../release/delegate.ts";
import { openNewestRoot } from "../release/sign.ts";
import type { Operation } from "../state/operation.ts";
import { isMet, topLevelNeed } from "./rules/needs.ts";
import { draftBins, type DraftedBins } from "./rules/draft-bins.ts";
import { openFile } from "./open-proposal.ts";
import type { FoundFile } from "./rules/place-files.ts";
import { findRole, readPublishedRole, unknownRole, verifyScope, type FoundRole } from "../published/role-tree.ts";

/** Least version of a role's next document, beside what is published. */
export type VersionFloor = (role: string) => number;

export interface DraftFile {
  readonly role: string;
  readonly bytes: Uint8Array;
  readonly document: Root | Targets;
  readonly follows: string | undefined;
}

/** Staged roots, keys, targets and delegations. Returns nothing if nothing is staged. */
export async function draftTopLevel(
  operation: Operation,
  base: Base,
  floor: VersionFloor,
): Promise<readonly FoundFile[]> {
  const { files } = operation;
  const state = operation.state();
  const drafts: DraftFile[] = await draftRoots(operation, base);
  const newest = drafts.at(-1)?.document;
  const root = newest?.type === "root" ? newest : base.root.signed;
  const staged = {
    kind: "all" as const,
    staged: await files.readStaged(state),
    roles: await files.readStagedRoles(state),
    keys: await files.readKeyChanges(state),
  };
  const before = base.targets.signed;
  const version = Math.max(nextVersions(versionsOf(base), state.signed).targets, floor("targets") + 1);
  const content = planStagedTargets(before, staged, { version, instant: operation });
  const change = { ...staged, bins: await files.findBins(state), unrecognized: content.unrecognized };
  const parent = topLevelParent(base, root);
  const binned = await draftBins(operation, parent, { change, floor, when: "changed" });
  if (binned !== undefined) {
    applyRoles(binned.planned.delegations, staged.roles);
    return [...drafts, ...(await withParent(binned, parent, content))].map(asFile);
  }
  const isChanged = staged.staged.size > 0 || staged.roles.size > 0 || isOther(before, content);
  const isNew = isChanged || !isMet(base.targets.bytes, topLevelNeed("targets", root));
  if (isNew) {
    drafts.push(await draftOf("targets", content, signedSha256(base.targets.bytes)));
  }
  drafts.push(
    ...(await draftUnsigned(operation, base, { delegations: content.delegations, staged: staged.roles, floor })),
  );
  drafts.push(...(await draftDelegated(operation, base, { delegations: content.delegations, staged: staged.roles })));
  return drafts.map(asFile);
}

interface Redelegated {
  readonly delegations: Delegations | undefined;
  readonly staged: StagedRoles;
  readonly floor: VersionFloor;
}

/** The staged files of roles, apart from those that are published. */
async function draftDelegated(
  operation: Operation,
  base: Base,
  { delegations, staged }: Pick<Redelegated, "delegations" | "staged">,
): Promise<readonly DraftFile[]> {
  const drafts: DraftFile[] = [];
  const listed = { snapshot: base.snapshot.signed, signatures: "any" } as const;
  for (const { name, bytes, document } of delegatedFiles(delegations, staged, listed)) {
    const old = await publishedHash(operation, base, name);
    if (old !== signedSha256(bytes)) drafts.push({ role: name, bytes, document, follows: old });
  }
  return drafts;
}

/** New versions of roles whose new keys did not sign the published one, so that clients do not lose the role. */
async function draftUnsigned(
  operation: Operation,
  base: Base,
  { delegations, staged, floor }: Redelegated,
): Promise<readonly DraftFile[]> {
  const { signed: targets } = base.targets;
  if (delegations === targets.delegations || delegations?.kind !== "listed") return [];
  const drafts: DraftFile[] = [];
  for (const role of delegations.roles) {
    const old = findAuthority(targets.delegations, role.name);
    if (old === undefined || old.role === role || staged.has(role.name)) continue;
    const by = { keys: delegations.keys, role };
    const published = await readPublishedRole(operation, base.snapshot.signed, { name: role.name, by: old });
    if (published === undefined || isMet(published.bytes, { of: "targets", by })) continue;
    const version = Math.max(published.document.version, floor(role.name)) + 1;
    const document = planRole(published.document, noChanges, { version, instant: operation });
    drafts.push(await draftOf(role.name, document, signedSha256(published.bytes)));
  }
  return drafts;
}

export function topLevelParent(base: Base, root: Root): BinParent {
  const by = { keys: root.keys, role: root.roles.targets };
  return { name: "targets", published: base.targets, snapshot: base.snapshot.signed, by };
}

/** The bins, behind the file of their role if that must be signed again. */
export async function withParent(
  { planned: { isWhole, delegations }, drafts }: DraftedBins,
  { name, published }: BinParent,
  content: Targets,
): Promise<readonly DraftFile[]> {
  if (!isWhole) return drafts;
  const document = { ...content, targets: new Map<never, never>(), delegations };
  return [await draftOf(name, document, published && signedSha256(published.bytes)), ...drafts];
}

/** Whether anything but the targets differs. */
function isOther(before: Targets, after: Targets): boolean {
  return after.delegations !== before.delegations || after.unrecognized !== before.unrecognized;
}

/** The staged roots, and the one that the staged changes of keys make. */
export async function draftStagedRoots(operation: Operation, base: Base): Promise<readonly FoundFile[]> {
  return (await draftRoots(operation, base)).map(asFile);
}

async function draftRoots(operation: Operation, base: Base): Promise<DraftFile[]> {
  const { root, roots } = await openNewestRoot(operation, base);
  const drafts: DraftFile[] = [];
  let follows = signedSha256(base.root.bytes);
  const add = (bytes: Uint8Array, document: Root): void => {
    drafts.push({ role: "root", bytes, document, follows });
    follows = signedSha256(bytes);
  };
  for (const { version, bytes } of roots) {
    if (version > base.root.signed.version)
      add(bytes, version === root.version ? root : parseUnverified(bytes, "root"));
  }
  const next = (await openNextRoot(operation, base))?.next;
  if (next !== undefined) add(await signDocument(next, []), next);
  return drafts;
}

/** The staged changes of one delegated role. @throws MasterError MASTER_ROLE_UNKNOWN, MASTER_PATH_NOT_DELEGATED */
export async function draftRole(
  operation: Operation,
  base: Base,
  { name, floor }: { readonly name: string; readonly floor: VersionFloor },
): Promise<readonly FoundFile[]> {
  if (isTopLevelRole(name)) throw new TypeError(`${name} is a top-level role`);
  const role = parseRoleName(name);
  const changes = await operation.team.readRoleChanges(role);
  if (isEmpty(changes)) return [];
  const { found, published } = await openRole(operation, base, name);
  const listed = base.snapshot.signed.meta.get(`${role}.json`)?.version ?? 0;
  const edition = { version: Math.max(listed, floor(role)) + 1, instant: operation };
  const document = planRole(published?.document, changes, edition);
  const parent = parentOf(base, { found, published });
  const binned = await draftBins(operation, parent, {
    change: { staged: changes.targets, bins: changes.bins, keys: [], unrecognized: document.unrecognized },
    floor,
    when: "changed",
  });
  if (binned !== undefined) {
    applyRoles(binned.planned.delegations, changes.roles);
    return (await withParent(binned, parent, document)).map(asFile);
  }
  verifyScope(found, document.targets.keys());
  const follows = published === undefined ? undefined : signedSha256(published.bytes);
  const drafts = [await draftOf(role, document, follows)];
  const { delegations } = document;
  drafts.push(...(await draftDelegated(operation, base, { delegations, staged: changes.roles })));
  return drafts.map(asFile);
}

export interface PublishedRole {
  readonly found: FoundRole;
  readonly published: Awaited<ReturnType<typeof readPublishedRole>>;
}

export function parentOf(base: Pick<Base, "snapshot">, { found, published }: PublishedRole): BinParent {
  const { name, by } = found;
  const file = published && { signed: published.document, bytes: published.bytes };
  return { name, by, snapshot: base.snapshot.signed, published: file };
}

/** A delegated role as published. @throws MasterError MASTER_ROLE_UNKNOWN */
export async function openRole(operation: Operation, base: Base, name: string): Promise<PublishedRole> {
  const snapshot = base.snapshot.signed;
  const found = await findRole(
    base.targets.signed,
    parseRoleName(name),
    async (other, by) => (await readPublishedRole(operation, snapshot, { name: other, by }))?.document,
  );
  if (found === undefined) throw unknownRole(name);
  return { found, published: await readPublishedRole(operation, snapshot, found) };
}

async function publishedHash(operation: Operation, base: Base, name: string): Promise<string | undefined> {
  try {
    const { published } = await openRole(operation, base, name);
    return published === undefined ? undefined : signedSha256(published.bytes);
  } catch (error) {
    if (MasterError.is(error) && error.code === "MASTER_ROLE_UNKNOWN") return undefined;
    throw error;
  }
}

export async function draftOf(role: string, document: Root | Targets, follows: string | undefined): Promise<DraftFile> {
  return { role, document, follows, bytes: await signDocument(document satisfies Document, []) };
}

export function asFile({ role, bytes, document: { version }, follows }: DraftFile): FoundFile {
  const file: ProposedFile = { role, version, sha256: signedSha256(bytes), follows };
  return openFile("draft", file, bytes);
}
