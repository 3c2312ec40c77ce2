/**
 * A proposal: metadata that waits for signatures, in one manifest under a tag of its own. Its first layer is the
 * statement, which names everything that is to be signed; further layers are the metadata files with the signatures so
 * far. The statement's bytes never change while signatures are added, so its SHA-256 is the hash that signers compare.
 *
 * Everything read here is only a claim: the signer's own state says what is published, and the signatures are TUF's.
 */
import {
  digestHex,
  digestOf,
  encodeImageManifest,
  isDigest,
  OciError,
  parseManifest,
  type Descriptor,
  type Digest,
} from "@dtuf/registry";
import { parseRoleName } from "@dtuf/tuf";
import { emptyConfigBlob, metadataLayer, type Artifact } from "./artifact.ts";
import { FormatError } from "./errors.ts";
import { proposalArtifactType, proposalFilesMediaType, proposalStatementMediaType } from "./media-types.ts";
import { metadataFileName, type MetadataFile } from "./metadata-file.ts";
import { inlineSmallest, parseMetadataManifest, verifyManifestSize, type MetadataIndex } from "./release.ts";
import { isProposalName, proposalTag } from "./tags.ts";

/** One metadata file of a proposal. */
export interface ProposedFile {
  /** `root`, `targets` or a delegated role. */
  readonly role: string;
  readonly version: number;
  /** SHA-256, in hex, of what is signed: the canonical form of the file's `signed` part. */
  readonly sha256: string;
  /** The same of the published file, or proposed root, that it replaces. Absent: the role has none. */
  readonly follows?: string | undefined;
}

export interface ProposalStatement {
  readonly name: string;
  /** Every new content under a name has a higher number. */
  readonly number: number;
  /** The release that it was built on. */
  readonly base: Digest;
  /** Roots in ascending order, then targets, then delegated roles. */
  readonly files: readonly ProposedFile[];
}

/** Files in one proposal: every root of three years of daily rotations, and the most hash bins that a role may have. */
const filesMax = 1100 + 65_536;

/** Maximum size of a statement in bytes. A file takes about 200 bytes; a role's name has at most 4,096 characters. */
export const statementMaxBytes: number = 16 * 1024 * 1024;

/** Files with a layer of their own. The others are in packs, because hash bins would be too many layers and requests. */
const ownLayersMax = 32;

/** Bytes of files in one pack. */
const packMaxBytes = 16 * 1024 * 1024;

/** Maximum size of a pack: one file may be larger than `packMaxBytes`. */
export const proposalPackMaxBytes: number = 192 * 1024 * 1024;

/** Packs that a reader takes. */
const packsMax = 64;

/** The same statement gives the same bytes. */
export function encodeStatement({ name, number, base, files }: ProposalStatement): Uint8Array {
  const listed = files.map(({ role, version, sha256, follows }) => ({ role, version, sha256, follows }));
  return new TextEncoder().encode(JSON.stringify({ format: 1, name, number, base, files: listed }));
}

/** @throws FormatError FORMAT_PROPOSAL_INVALID */
export function parseStatement(bytes: Uint8Array): ProposalStatement {
  try {
    const statement = readStatement(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    if (Buffer.compare(encodeStatement(statement), bytes) !== 0) throw new TypeError("it is not encoded as written");
    return statement;
  } catch (cause) {
    throw invalid("its statement cannot be read", cause);
  }
}

/** The hash that signers compare: SHA-256 of the statement, in hex. */
export function statementHash(statement: ProposalStatement): string {
  return digestHex(digestOf(encodeStatement(statement)));
}

type Fields = Readonly<Record<string, unknown>>;

function readStatement(json: unknown): ProposalStatement {
  const { format, name, number, base, files } = json as Fields;
  if (format !== 1) throw new TypeError("wanted format 1");
  if (typeof name !== "string" || !isProposalName(name)) throw new TypeError("wanted a name");
  if (typeof base !== "string" || !isDigest(base)) throw new TypeError("wanted the digest of a release");
  if (!Array.isArray(files) || files.length === 0 || files.length > filesMax) throw new TypeError("wanted files");
  const read = files.map(readFile);
  const names = new Set(read.map((file) => metadataFileName(file.role, file.version)));
  const roles = read.flatMap(({ role }) => (role === "root" ? [] : [role]));
  if (names.size !== read.length || new Set(roles).size !== roles.length) throw new TypeError("a role is listed twice");
  return { name, number: readVersion(number), base, files: read };
}

function readFile(json: unknown): ProposedFile {
  const { role, version, sha256, follows } = json as Fields;
  if (typeof role !== "string" || role === "snapshot" || role === "timestamp") throw new TypeError("wanted a role");
  return {
    role: parseRoleName(role),
    version: readVersion(version),
    sha256: readSha256(sha256),
    follows: follows === undefined ? undefined : readSha256(follows),
  };
}

function readVersion(json: unknown): number {
  if (!Number.isSafeInteger(json) || (json as number) < 1) throw new TypeError("wanted a version");
  return json as number;
}

function readSha256(json: unknown): string {
  if (typeof json !== "string" || !/^[0-9a-f]{64}$/.test(json)) throw new TypeError("wanted a SHA-256 in hex");
  return json;
}

/** @param files the files that the statement names @throws FormatError FORMAT_MANIFEST_TOO_LARGE */
export function encodeProposal(statement: ProposalStatement, files: readonly MetadataFile[]): Artifact {
  const bytes = encodeStatement(statement);
  const layer: Descriptor = { mediaType: proposalStatementMediaType, digest: digestOf(bytes), size: bytes.length };
  const own = files.slice(0, ownLayersMax).map((file) => metadataLayer(file.name, file.bytes));
  const packed = packsOf(files.slice(ownLayersMax).map((file) => file.bytes));
  const packs = packed.map((pack) => ({
    descriptor: { mediaType: proposalFilesMediaType, digest: digestOf(pack), size: pack.length },
    bytes: pack,
  }));
  const manifest = encodeImageManifest({
    artifactType: proposalArtifactType,
    layers: [
      ...inlineSmallest([{ layer, blob: { bytes } }, ...own]),
      ...packs.map(({ descriptor }): Descriptor => descriptor),
    ],
  });
  verifyManifestSize(manifest);
  return {
    manifest,
    blobs: [emptyConfigBlob, { descriptor: layer, bytes }, ...own.map(({ blob }) => blob), ...packs],
    tags: [proposalTag(statement.name)],
  };
}

/** Each content once: bins without targets are the same bytes. */
function packsOf(files: readonly Uint8Array[]): readonly Uint8Array[] {
  const packs: string[][] = [];
  let room = 0;
  for (const text of new Set(files.map((bytes) => Buffer.from(bytes).toString("base64")))) {
    const last = packs.at(-1);
    if (last === undefined || text.length > room) packs.push([text]);
    else last.push(text);
    room = (last === undefined || text.length > room ? packMaxBytes : room) - text.length;
  }
  return packs.map((pack) => new TextEncoder().encode(JSON.stringify(pack)));
}

/** The files in a pack. @throws FormatError FORMAT_PROPOSAL_INVALID */
export function parseProposalPack(bytes: Uint8Array): readonly Uint8Array[] {
  try {
    const list: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (!Array.isArray(list)) throw new TypeError("wanted a list");
    return list.map((text) => {
      if (typeof text !== "string") throw new TypeError("wanted base64");
      return Buffer.from(text, "base64");
    });
  } catch (cause) {
    throw invalid("one of its packs of files cannot be read", cause);
  }
}

export interface ProposalIndex extends MetadataIndex {
  readonly statement: Descriptor;
  /** Layers with further files (`parseProposalPack`), which the statement names by what is signed. */
  readonly packs: readonly Descriptor[];
}

/** @throws FormatError FORMAT_PROPOSAL_INVALID, FORMAT_NOT_A_REPOSITORY */
export function parseProposal(bytes: Uint8Array): ProposalIndex {
  const { files } = parseMetadataManifest(bytes);
  const layers = layersOf(bytes);
  const statement = layers.find(({ mediaType }) => mediaType === proposalStatementMediaType);
  if (statement === undefined) throw invalid("it has no statement");
  const packs = layers.filter(({ mediaType }) => mediaType === proposalFilesMediaType);
  if (packs.length > packsMax) throw invalid(`it has more than ${packsMax} packs of files`);
  return { files, statement, packs };
}

function layersOf(bytes: Uint8Array): readonly Descriptor[] {
  try {
    const manifest = parseManifest(bytes);
    return manifest.kind === "manifest" ? manifest.layers : [];
  } catch (cause) {
    if (OciError.is(cause)) throw invalid("its manifest cannot be read", cause);
    throw cause;
  }
}

function invalid(why: string, cause?: unknown): FormatError {
  return new FormatError("FORMAT_PROPOSAL_INVALID", `the manifest is not that of a proposal: ${why}`, { cause });
}
