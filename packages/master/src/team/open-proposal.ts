/** Reads a proposal: its files are those that its statement names. `place-files.ts` compares them with what is published. */
import {
  metadataFileName,
  parseProposal,
  parseProposalPack,
  parseStatement,
  proposalPackMaxBytes,
  proposalTag,
  statementHash,
  statementMaxBytes,
  type ProposalIndex,
  type ProposalStatement,
  type ProposedFile,
} from "@dtuf/format";
import type { Digest } from "@dtuf/registry";
import { defaultLimits, parseRoleName, parseUnverified, signedSha256, TufError, type RoleName } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { proposalMaxBytes } from "../limits.ts";
import type { Base } from "../published/base.ts";
import { readContent, readPublished } from "../published/published.ts";
import type { Operation } from "../state/operation.ts";
import type { FoundFile, PublishedView } from "./rules/place-files.ts";
import { findRole, readPublishedRole } from "../published/role-tree.ts";

/** A proposal as the registry has it: its files are those of its statement. Nothing else is verified. */
export interface FoundProposal {
  readonly statement: ProposalStatement;
  readonly hash: string;
  readonly digest: Digest;
  readonly files: readonly FoundFile[];
}

/** What a proposal says of itself, without its files. */
interface FoundStatement {
  readonly statement: ProposalStatement;
  readonly digest: Digest;
  readonly index: ProposalIndex;
}

/** Undefined: there is no such proposal. @throws FormatError; MasterError MASTER_PROPOSAL_INVALID; OciError */
export async function findStatement(operation: Operation, name: string): Promise<FoundStatement | undefined> {
  const { store, signal } = operation;
  const found = await store.resolve(proposalTag(name), { want: "bytes", signal });
  if (found === undefined) return undefined;
  const index = parseProposal(found.bytes ?? (await readContent(found.descriptor, operation)));
  if (index.statement.size > statementMaxBytes) throw invalid(name, "its statement is too long");
  const statement = parseStatement(index.statement.data ?? (await readContent(index.statement, operation)));
  if (statement.name !== name) throw invalid(name, `its statement is that of ${statement.name}`);
  return { statement, index, digest: found.descriptor.digest };
}

/** Undefined: there is no such proposal. @throws FormatError; MasterError MASTER_PROPOSAL_INVALID; OciError */
export async function findProposal(operation: Operation, name: string): Promise<FoundProposal | undefined> {
  const found = await findStatement(operation, name);
  if (found === undefined) return undefined;
  const { statement, index, digest } = found;
  const reader = createFileReader(operation, name, index);
  const files: FoundFile[] = [];
  for (const file of statement.files) files.push(openFile(name, file, await reader.read(file)));
  return { statement, hash: statementHash(statement), digest, files };
}

interface FileReader {
  read(file: ProposedFile): Promise<Uint8Array>;
}

/** Files with a layer of their own, and those in packs, by what is signed. All together have a bound. */
function createFileReader(operation: Operation, name: string, index: ProposalIndex): FileReader {
  let left = proposalMaxBytes;
  let packed: ReadonlyMap<string, Uint8Array> | undefined;
  const readPacks = async (): Promise<ReadonlyMap<string, Uint8Array>> => {
    const files = new Map<string, Uint8Array>();
    for (const pack of index.packs) {
      if (pack.size > Math.min(left, proposalPackMaxBytes)) throw invalid(name, "its packs of files are too large");
      left -= pack.size;
      const bytes = pack.data ?? (await readContent(pack, operation));
      for (const file of parseProposalPack(bytes)) files.set(hashOf(name, file), file);
    }
    return files;
  };
  return {
    async read({ role, version, sha256 }) {
      const file = metadataFileName(role, version);
      if (!index.files.has(file) && index.packs.length > 0) {
        packed ??= await readPacks();
        const found = packed.get(sha256);
        if (found !== undefined) return found;
      }
      const most = role === "root" ? defaultLimits.rootMaxBytes : defaultLimits.targetsMaxBytes;
      const bytes = await readPublished(operation, index, { name: file, maxBytes: Math.min(most, left) });
      left -= bytes.length;
      return bytes;
    },
  };
}

function hashOf(name: string, file: Uint8Array): string {
  try {
    return signedSha256(file);
  } catch (cause) {
    if (!TufError.is(cause)) throw cause;
    throw invalid(name, `a file in a pack cannot be read: ${cause.message}`);
  }
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
  const { readRole } = viewOf(operation, base);
  const found = await findRole(base.targets.signed, role, async (name, by) => (await readRole({ name, by }))?.document);
  return found === undefined ? undefined : (await readRole(found))?.bytes;
}

/** What is published, as the files of a proposal are compared with it. */
export function viewOf(operation: Operation, { root, targets, snapshot }: Base): PublishedView {
  return {
    ...{ root, targets },
    listedVersion: (role) => snapshot.signed.meta.get(`${role}.json`)?.version ?? 0,
    readRole: (role) => readPublishedRole(operation, snapshot.signed, role),
  };
}

export function invalid(name: string, why: string): MasterError {
  return new MasterError("MASTER_PROPOSAL_INVALID", `proposal ${name} is refused: ${why}`, { details: { name } });
}

export function unknownProposal(name: string): MasterError {
  return new MasterError("MASTER_PROPOSAL_UNKNOWN", `there is no proposal ${name}`, { details: { name } });
}
