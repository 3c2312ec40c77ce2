/** What a delegate stages in its role: targets, which it uploads, and further delegations. `propose` signs it. */
import {
  parseTargetPath,
  type JsonObject,
  type RoleName,
  type TargetFile,
  type TargetPath,
  type Targets,
} from "@dtuf/tuf";
import { targetKeeper } from "@dtuf/format";
import { applyStaged, describeStaged, type Staged, type TargetMap } from "../documents/changes.ts";
import type { Periods } from "../contract/keys.ts";
import type { RoleChanges } from "../documents/role-changes.ts";
import { applyRoles, parseDelegation } from "../documents/staged-role.ts";
import { parseTargetName, verifyCustom } from "../documents/target-name.ts";
import { openHashedFiles } from "../parts/hashed-files.ts";
import { indexesOf } from "../parts/target-index.ts";
import { createScratch } from "../parts/scratch.ts";
import { createSender } from "../parts/sender.ts";
import { readParts, unknownTarget, uploadTarget, withCustom } from "../push-target.ts";
import { firstFile, parseDelegatedName } from "../release/delegate.ts";
import { verifyPeriods } from "../release/role-keys.ts";
import { createSent } from "../release/upload.ts";
import type { Operation, Workplace } from "../state/operation.ts";
import { newBins, resizedBins } from "../bins/stage-bins.ts";
import type { CreateBinsOptions, NewTarget, StagedTarget, TargetPart } from "../contract/targets.ts";
import type { DelegateOptions, RoleTargetOptions } from "../contract/team.ts";
import { openRole } from "./draft.ts";
import { openTeamBase } from "./proposals.ts";
import { verifyScope, type FoundRole } from "../published/role-tree.ts";
import { binnedTargets, settleRole } from "./settle.ts";

interface Place {
  readonly found: FoundRole;
  /** The published document. */
  readonly document: Targets | undefined;
  readonly targets: TargetMap;
  readonly changes: RoleChanges;
  readonly kind: "role" | "bin";
}

/** The role as published, and what is staged in it. In hash bins, the targets of those that the names belong to. */
async function openPlace(
  operation: Operation,
  role: string,
  names: readonly TargetPath[] | "all" = [],
): Promise<Place> {
  const base = await openTeamBase(operation);
  const { found, published } = await openRole(operation, base, role);
  await settleRole(operation, base, found.name);
  const changes = await operation.team.readRoleChanges(found.name);
  const document = published?.document;
  const snapshot = base.snapshot.signed;
  const targets =
    document === undefined
      ? new Map()
      : await binnedTargets(operation, document, {
          snapshot,
          names: names === "all" ? names : [...changes.targets.keys(), ...names],
        });
  const kind = document?.delegations?.kind === "succinct" || changes.bins !== undefined ? "bin" : "role";
  return { found, document, targets, changes, kind };
}

/** Uploading takes no lock. If bytes were pruned meanwhile, they are uploaded again under the lock. */
export async function pushRoleTarget(
  workplace: Workplace,
  role: string,
  { name, parts, custom, ...options }: NewTarget & RoleTargetOptions,
): Promise<TargetFile> {
  const path = parseTargetName(name);
  if (parts.length === 0) throw new TypeError("a target needs at least one part");
  if (custom !== undefined) verifyCustom(custom);
  const { prunes, place } = await workplace.alone(options.signal, async (operation) => {
    const opened = await openPlace(operation, role, [path, ...namesOf(parts)]);
    verifyScope(opened.found, [path]);
    return { prunes: operation.state().prunes, place: opened };
  });
  const targets = new Map([...place.targets, ...putsOf(place.changes)]);
  const owner = targetKeeper({ size: targets.size + 1 }, place.kind);
  const upload = async (operation: Operation): Promise<TargetFile> => {
    const { onProgress } = options;
    const isLikelyThere = (): Promise<boolean> => Promise.resolve(false);
    const sender = createSender(operation, { sent: createSent([]), onProgress, isLikelyThere });
    const hashed = await openHashedFiles(operation.files.directory, operation.now);
    const known = { hashed, knownIndexes: indexesOf(targets.values()), replaced: place.targets.get(path) };
    const scratch = createScratch(operation.files.directory, operation.now);
    try {
      const reading = { path, parts, custom, sender, scratch };
      const read = await readParts(operation, targets, { ...reading, ...known, ...options });
      await uploadTarget(sender, { ...read, path, owner });
      return read.file;
    } finally {
      await scratch.close();
    }
  };
  const file = await workplace.look(options.signal, upload);
  await workplace.alone(options.signal, async (operation) => {
    if (operation.state().prunes !== prunes) await upload(operation);
    await stage(operation, place.found.name, [path, { kind: "put", file }]);
  });
  return file;
}

function namesOf(parts: readonly TargetPart[]): readonly TargetPath[] {
  return parts.flatMap((part) => (part.kind === "target" ? [parseTargetPath(part.name)] : []));
}

function putsOf({ targets }: RoleChanges): TargetMap {
  return new Map([...targets].flatMap(([path, change]) => (change.kind === "put" ? [[path, change.file]] : [])));
}

async function stage(
  operation: Operation,
  role: RoleName,
  [path, change]: readonly [TargetPath, Staged],
): Promise<void> {
  const changes = await operation.team.readRoleChanges(role);
  await operation.team.saveRoleChanges(role, { ...changes, targets: new Map([...changes.targets, [path, change]]) });
}

export async function deleteRoleTarget(operation: Operation, role: string, name: string): Promise<void> {
  const path = parseTargetPath(name);
  const { found, targets, changes } = await openPlace(operation, role, [path]);
  const staged = changes.targets.get(path);
  if (staged?.kind === "delete" || (staged === undefined && !targets.has(path))) throw unknownTarget(name);
  if (targets.has(path)) return stage(operation, found.name, [path, { kind: "delete" }]);
  const left = new Map([...changes.targets].filter(([other]) => other !== path));
  await operation.team.saveRoleChanges(found.name, { ...changes, targets: left });
}

/** Of a delegated role. @throws MasterError MASTER_ROLE_UNKNOWN; TypeError */
export async function setRolePeriods(operation: Operation, role: string, periods: Periods): Promise<void> {
  verifyPeriods(periods);
  const { found, changes } = await openPlace(operation, role);
  await operation.team.saveRoleChanges(found.name, { ...changes, periods });
}

export async function setRoleCustom(
  operation: Operation,
  role: string,
  { names, custom }: { readonly names: readonly string[]; readonly custom: JsonObject },
): Promise<void> {
  verifyCustom(custom);
  const paths = names.map(parseTargetPath);
  const { found, targets, changes } = await openPlace(operation, role, paths);
  const known = applyStaged(targets, changes.targets);
  const changed = paths.map((path) => {
    const file = known.get(path);
    if (file === undefined) throw unknownTarget(path);
    return [path, { kind: "put", file: withCustom(file, custom) }] as const;
  });
  await operation.team.saveRoleChanges(found.name, {
    ...changes,
    targets: new Map([...changes.targets, ...changed]),
  });
}

export async function listRoleTargets(operation: Operation, role: string): Promise<TargetMap> {
  const { targets, changes } = await openPlace(operation, role, "all");
  return applyStaged(targets, changes.targets);
}

export async function stagedInRole(operation: Operation, role: string): Promise<readonly StagedTarget[]> {
  const { targets, changes } = await openPlace(operation, role);
  return describeStaged(targets, changes.targets);
}

/** Stages a delegation inside a delegated role's own document, with the first file of the new role. */
export async function delegateFrom(
  operation: Operation,
  name: string,
  options: DelegateOptions & { readonly from: string },
): Promise<void> {
  if (options.metadata !== undefined) throw new TypeError("a role that is delegated from another one starts empty");
  const role = parseDelegatedName(name);
  const delegation = parseDelegation(options);
  const { found, document, changes } = await openPlace(operation, options.from);
  const before = document?.delegations;
  const metadata = await firstFile(operation, role, { delegation, before });
  const roles = new Map([...changes.roles, [role, { kind: "put", delegation, metadata } as const]]);
  applyRoles(before, roles);
  await operation.team.saveRoleChanges(found.name, { ...changes, roles });
}

/** @throws MasterError MASTER_BINS_EXIST, MASTER_ROLE_UNKNOWN; TypeError */
export async function createRoleBins(
  operation: Operation,
  role: string,
  { count, options }: { readonly count: number; readonly options: CreateBinsOptions },
): Promise<void> {
  const { found, document, changes } = await openPlace(operation, role);
  const bins = newBins(applyRoles(document?.delegations, changes.roles), { name: found.name, count, options });
  await operation.team.saveRoleChanges(found.name, { ...changes, bins });
}

/** @throws MasterError MASTER_BINS_MISSING, MASTER_ROLE_UNKNOWN; TypeError */
export async function resizeRoleBins(operation: Operation, role: string, count: number): Promise<void> {
  const { found, document, changes } = await openPlace(operation, role);
  const bins = resizedBins(document?.delegations, { name: found.name, count, staged: changes.bins });
  await operation.team.saveRoleChanges(found.name, { ...changes, bins });
}
