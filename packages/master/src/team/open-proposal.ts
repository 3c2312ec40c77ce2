/**
 * Reads a proposal and verifies it against what is published: the files are those that the statement names, each follows
 * the published one, and a delegated role lists only what its delegations allow. Signatures are counted, not required.
 */
import {
  metadataFileName,
  parseProposal,
  parseStatement,
  proposalTag,
  statementHash,
  statementMaxBytes,
  type ProposalStatement,
  type ProposedFile,
} from "@dtuf/format";
import type { Digest } from "@dtuf/registry";
import {
  defaultLimits,
  isTopLevelRole,
  parseRoleName,
  parseUnverified,
  signedSha256,
  TufError,
  type Authority,
  type RoleName,
  type Root,
  type Targets,
} from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import type { Base } from "../published/base.ts";
import { readContent, readPublished } from "../published/published.ts";
import type { Operation } from "../state/operation.ts";
import { topLevelNeed, type Need } from "./needs.ts";
import { findRole, readPublishedRole, unknownRole, verifyScope, type FoundRole } from "./role-tree.ts";

/** A proposal as the registry has it: its files are those of its statement. Nothing else is verified. */
export interface FoundProposal {
  readonly statement: ProposalStatement;
  readonly hash: string;
  readonly digest: Digest;
  readonly files: readonly FoundFile[];
}

export interface FoundFile extends ProposedFile {
  readonly bytes: Uint8Array;
  readonly document: Root | Targets;
}

/** A file with the place that it has in the repository. */
export interface OpenedFile extends FoundFile {
  readonly before: Root | Targets | undefined;
  readonly needs: readonly Need[];
  /** Of a delegated role. */
  readonly found?: FoundRole | undefined;
}

/** What the files make of the repository. */
export interface OpenedFiles {
  readonly root: Root;
  readonly targets: Targets;
  readonly files: readonly OpenedFile[];
}

/** Undefined: there is no such proposal. @throws FormatError; MasterError MASTER_PROPOSAL_INVALID; OciError */
export async function findProposal(operation: Operation, name: string): Promise<FoundProposal | undefined> {
  const { store, signal } = operation;
  const found = await store.resolve(proposalTag(name), { want: "bytes", signal });
  if (found === undefined) return undefined;
  const index = parseProposal(found.bytes ?? (await readContent(found.descriptor, operation)));
  if (index.statement.size > statementMaxBytes) throw invalid(name, "its statement is too long");
  const statement = parseStatement(await readContent(index.statement, operation));
  if (statement.name !== name) throw invalid(name, `its statement is that of ${statement.name}`);
  const files: FoundFile[] = [];
  for (const file of statement.files) {
    const maxBytes = file.role === "root" ? defaultLimits.rootMaxBytes : defaultLimits.targetsMaxBytes;
    const bytes = await readPublished(operation, index, { name: metadataFileName(file.role, file.version), maxBytes });
    files.push(openFile(name, file, bytes));
  }
  return { statement, hash: statementHash(statement), digest: found.descriptor.digest, files };
}

/** @throws MasterError MASTER_PROPOSAL_INVALID if the file is not the one that the statement names */
export function openFile(name: string, file: ProposedFile, bytes: Uint8Array): FoundFile {
  try {
    const document = parseUnverified(bytes, file.role === "root" ? "root" : "targets");
    if (signedSha256(bytes) === file.sha256 && document.version === file.version) return { ...file, bytes, document };
  } catch (cause) {
    if (!TufError.is(cause)) throw cause;
    throw invalid(name, `${file.role} ${file.version} cannot be read: ${cause.message}`);
  }
  throw invalid(name, `${file.role} ${file.version} is not the file that its statement names`);
}

/** Whether every file of the proposal is what is published, apart from signatures. */
export async function isPublished(operation: Operation, base: Base, files: readonly FoundFile[]): Promise<boolean> {
  for (const { role, version, sha256, document } of files) {
    const bytes =
      role === "root"
        ? base.roots.find((root) => root.version === version)?.bytes
        : role === "targets"
          ? base.targets.bytes
          : await findPublishedBytes(operation, base, parseRoleName(role));
    const isSame = bytes !== undefined && signedSha256(bytes) === sha256;
    if (!isSame || document.version !== version) return false;
  }
  return true;
}

async function findPublishedBytes(operation: Operation, base: Base, role: RoleName): Promise<Uint8Array | undefined> {
  const found = await findRole(base.targets.signed, role, readerOf(operation, base));
  return found === undefined ? undefined : (await readPublishedRole(operation, base.snapshot.signed, found))?.bytes;
}

const readerOf =
  (operation: Operation, { snapshot }: Base) =>
  async (name: RoleName, by: Authority): Promise<Targets | undefined> =>
    (await readPublishedRole(operation, snapshot.signed, { name, by }))?.document;

/**
 * Places the files in the repository.
 * @throws MasterError MASTER_PROPOSAL_OUTDATED, MASTER_PROPOSAL_INVALID, MASTER_ROLE_UNKNOWN, MASTER_PATH_NOT_DELEGATED
 */
export async function placeFiles(
  operation: Operation,
  base: Base,
  found: Pick<FoundProposal, "files"> & { readonly name: string },
): Promise<OpenedFiles> {
  const roots = placeRoots(base, found);
  const root = roots.at(-1)?.document ?? base.root.signed;
  if (root.type !== "root") throw new TypeError("the last root is a root");
  const targets = placeTargets(base, root, found);
  const document = targets?.document.type === "targets" ? targets.document : base.targets.signed;
  const delegated: OpenedFile[] = [];
  const ofRoles = found.files.filter(({ role }) => !isTopLevelRole(role));
  for (const file of ofRoles) {
    delegated.push(
      await placeDelegated(operation, base, { file, name: found.name, targets: document, files: ofRoles }),
    );
  }
  return { root, targets: document, files: [...roots, ...(targets === undefined ? [] : [targets]), ...delegated] };
}

type Named = Pick<FoundProposal, "files"> & { readonly name: string };

function placeRoots(base: Base, { files, name }: Named): readonly OpenedFile[] {
  const placed: OpenedFile[] = [];
  let [before, follows] = [base.root.signed, signedSha256(base.root.bytes)];
  for (const file of files) {
    const { document } = file;
    if (document.type !== "root") continue;
    if (file.follows !== follows || file.version !== before.version + 1) throw outdated(name, file);
    placed.push({ ...file, before, needs: [topLevelNeed("root", before), topLevelNeed("root", document)] });
    [before, follows] = [document, file.sha256];
  }
  return placed;
}

function placeTargets(base: Base, root: Root, { files, name }: Named): OpenedFile | undefined {
  const file = files.find(({ role }) => role === "targets");
  if (file === undefined) return undefined;
  const before = base.targets.signed;
  if (file.follows !== signedSha256(base.targets.bytes) || file.version <= before.version) throw outdated(name, file);
  return { ...file, before, needs: [topLevelNeed("targets", root)] };
}

interface Delegated extends Named {
  readonly file: FoundFile;
  readonly targets: Targets;
}

async function placeDelegated(
  operation: Operation,
  base: Base,
  { file, targets, files, name }: Delegated,
): Promise<OpenedFile> {
  const role = parseRoleName(file.role);
  const published = readerOf(operation, base);
  const proposed = new Map(files.map((other) => [other.role, other.document]));
  const found = await findRole(targets, role, async (other, by) => {
    const document = proposed.get(other);
    return document?.type === "targets" ? document : published(other, by);
  });
  if (found === undefined) throw unknownRole(role);
  const old = await findRole(base.targets.signed, role, published);
  const before = old === undefined ? undefined : await readPublishedRole(operation, base.snapshot.signed, old);
  const follows = before === undefined ? undefined : signedSha256(before.bytes);
  const listed = base.snapshot.signed.meta.get(`${role}.json`)?.version ?? 0;
  if (file.follows !== follows || file.version <= listed) throw outdated(name, file);
  if (file.document.type === "targets") verifyScope(found, file.document.targets.keys());
  return { ...file, before: before?.document, found, needs: [{ of: found.delegator, by: found.by }] };
}

function outdated(name: string, { role, version }: ProposedFile): MasterError {
  const message = `proposal ${name} has ${role} ${version}, which does not follow what is published now`;
  return new MasterError("MASTER_PROPOSAL_OUTDATED", message, { details: { name, role, version } });
}

function invalid(name: string, why: string): MasterError {
  return new MasterError("MASTER_PROPOSAL_INVALID", `proposal ${name} is refused: ${why}`, { details: { name } });
}

export function unknownProposal(name: string): MasterError {
  return new MasterError("MASTER_PROPOSAL_UNKNOWN", `there is no proposal ${name}`, { details: { name } });
}
