/** Publishes a proposal that everybody signed, with snapshot and timestamp by the online keys that are here. */
import { parseRoleName, verifyDocument, verifyUnexpired, type Root, type Targets } from "@dtuf/tuf";
import type { TargetMap } from "../documents/changes.ts";
import type { AcceptedProposal, AcceptOptions, StagedTarget } from "../contract/contract.ts";
import { withSeen } from "../documents/team-memory.ts";
import { MasterError } from "../errors.ts";
import { openRecorded, type Base } from "../published/base.ts";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import { previewRelease, publish, type PublishPreview } from "../release/publish.ts";
import type { AcceptedFiles } from "../release/sign.ts";
import type { Operation } from "../state/operation.ts";
import { describeNeeds, missingHolders, missingText } from "./rules/needs.ts";
import { isPublished, viewOf, type FoundProposal } from "./open-proposal.ts";
import { placeProposal, type OpenedFile, type OpenedFiles } from "./rules/place-files.ts";
import { findSeen, openTeamBase } from "./proposals.ts";
import { settle } from "./settle.ts";
import { pairOf } from "./rules/review.ts";
import { binDelegator } from "../published/role-tree.ts";
import { gatherTargets, summarize } from "./rules/summary.ts";

/** @throws MasterError MASTER_SIGNATURES_MISSING, MASTER_PROPOSAL_OUTDATED, …; TufError; OciError */
export async function acceptProposal(
  operation: Operation,
  name: string,
  { expectHash, clock, signal }: AcceptOptions,
): Promise<AcceptedProposal> {
  const base = await openTeamBase(operation, { expectHash, clock });
  const found = await findSeen(operation, name, expectHash);
  await operation.team.saveMemory(withSeen(await operation.team.readMemory(), found.statement, found.hash));
  if (await isPublished(operation, base, found.files)) return { state: "already published" };
  const accept = async (current: Base): Promise<AcceptedFiles> => acceptedFiles(operation, current, found);
  try {
    const result = await publish(operation, { clock, signal, coverage: { accept }, opened: base });
    await settle(operation, await openRecorded(operation, result.release));
    return { state: "published", result };
  } catch (error) {
    if (!MasterError.is(error) || error.code !== "MASTER_PROPOSAL_OUTDATED") throw error;
    // Another machine may have accepted it meanwhile.
    const now = await openTeamBase(operation, { expectHash, clock });
    if (!(await isPublished(operation, now, found.files))) throw error;
    return { state: "already published" };
  }
}

export type AcceptPreview =
  | { readonly state: "ready"; readonly preview: PublishPreview }
  | { readonly state: "already published" };

/** What `acceptProposal` would publish. */
export async function previewAccept(
  operation: Operation,
  name: string,
  { expectHash, clock, signal }: AcceptOptions,
): Promise<AcceptPreview> {
  const base = await openTeamBase(operation, { expectHash, clock });
  const found = await findSeen(operation, name, expectHash);
  if (await isPublished(operation, base, found.files)) return { state: "already published" };
  const accept = async (current: Base): Promise<AcceptedFiles> => acceptedFiles(operation, current, found);
  return {
    state: "ready",
    preview: await previewRelease(operation, { clock, signal, coverage: { accept }, opened: base }),
  };
}

/** If another publisher was first, the proposal must fit what is published then. */
async function acceptedFiles(
  operation: Operation,
  base: Base,
  { statement, files }: FoundProposal,
): Promise<AcceptedFiles> {
  const placed = await placeProposal(viewOf(operation, base), { name: statement.name, files });
  verifyMet(statement.name, placed.files);
  const roots = placed.files.filter(({ role }) => role === "root");
  const targets = placed.files.find(({ role }) => role === "targets");
  return {
    root: placed.root,
    roots,
    targets,
    targetsDocument: placed.targets,
    delegated: delegatedOf(operation, placed.files),
    changed: changedTargets(placed),
  };
}

/** @throws MasterError MASTER_SIGNATURES_MISSING names whose signature is missing; TufError TUF_THRESHOLD_NOT_MET */
function verifyMet(name: string, files: readonly OpenedFile[]): void {
  const unmet = describeNeeds(files).filter(({ missing }) => missing.length > 0);
  const missing = missingHolders(unmet);
  if (missing.length > 0) {
    const counts = unmet.map(
      ({ role, version, of, threshold, signed }) => `${role} ${version} has ${signed.length} of ${threshold} by ${of}`,
    );
    const texts = unmet.map(missingText);
    const message = `proposal ${name} needs more signatures: ${counts.join("; ")}; missing: ${[...new Set(texts)].join("; ")}`;
    throw new MasterError("MASTER_SIGNATURES_MISSING", message, { details: { name, missing } });
  }
  // Verifies families of keys too.
  for (const { role, bytes, needs } of files) {
    for (const { by } of needs) verifyDocument(bytes, by, role === "root" ? "root" : "targets");
  }
}

function delegatedOf({ now }: Operation, files: readonly OpenedFile[]): readonly DelegatedFile[] {
  const gathered = new Map(gatherTargets(files.map(pairOf)).map((targets) => [targets.role, targets]));
  return files.flatMap(({ role, version, bytes, document, before, found }): readonly DelegatedFile[] => {
    if (document.type !== "targets" || found === undefined) return [];
    verifyUnexpired({ role, signed: document }, now);
    const bins = binDelegator({ found });
    const published = bins === undefined ? targetsOf(before) : gathered.get(bins)?.before;
    const kind = bins === undefined ? undefined : "bin";
    return [{ name: parseRoleName(role), version, bytes, document, delegator: found.delegator, published, kind }];
  });
}

function targetsOf(document: Root | Targets | undefined): TargetMap | undefined {
  return document?.type === "targets" ? document.targets : undefined;
}

/** Changes of the targets of all roles. */
function changedTargets({ files }: OpenedFiles): readonly StagedTarget[] {
  const pairs = files.map(pairOf);
  const after = new Map(gatherTargets(pairs).map((targets) => [targets.role, targets.after]));
  return summarize(pairs).targets.map(({ role, path, change, fields }): StagedTarget => {
    const file = after.get(role)?.get(path);
    return file === undefined ? { path, change, fields } : { path, change, file, fields };
  });
}
