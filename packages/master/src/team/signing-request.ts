/**
 * A proposal in a file, for a machine that is never online: the statement, the files with the signatures so far, and the
 * published files that they are compared with. The statement names those that they replace by hash, so the hash that a colleague
 * read out covers everything that the file shows. The signed snapshot says which roles the file must have.
 */
import { encodeStatement, metadataFileName, parseStatement, statementHash, type ProposalStatement } from "@dtuf/format";
import { digestHex, digestOf } from "@dtuf/registry";
import { parseRoleName, parseUnverified, verifyDocument, type RoleName, type Signer } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { signersOf } from "../keys/given-signers.ts";
import { signingRequestMaxBytes } from "../limits.ts";
import type { ProposalReview, SigningRequest } from "../contract/team.ts";
import { invalid, openFile } from "./open-proposal.ts";
import { placeProposal, type FoundFile, type OpenedFile, type PublishedView } from "./rules/place-files.ts";
import { isMet } from "./rules/needs.ts";
import { namesOf, describeReview, keysMissing, signFiles, verifyExpected } from "./rules/review.ts";

interface PublishedRole {
  readonly role: RoleName;
  readonly bytes: Uint8Array;
}

export interface RequestContent {
  readonly statement: ProposalStatement;
  readonly files: readonly FoundFile[];
  readonly root: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly targets: Uint8Array;
  /** Published delegated roles that the proposal replaces, that lead to those, or that must not be taken from their holders. */
  readonly roles: readonly PublishedRole[];
}

export function encodeRequest({ statement, files, root, snapshot, targets, roles }: RequestContent): Uint8Array {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
  const content = {
    format: 1,
    type: "dtuf-signing-request",
    statement: text(encodeStatement(statement)),
    files: files.map(({ role, version, bytes }) => ({ name: metadataFileName(role, version), content: text(bytes) })),
    published: {
      root: text(root),
      snapshot: text(snapshot),
      targets: text(targets),
      roles: roles.map(({ role, bytes }) => ({ role, content: text(bytes) })),
    },
  };
  return new TextEncoder().encode(`${JSON.stringify(content, undefined, 1)}\n`);
}

/** @throws MasterError MASTER_PROPOSAL_INVALID; FormatError FORMAT_PROPOSAL_INVALID */
export function parseRequest(file: Uint8Array): RequestContent {
  if (file.length > signingRequestMaxBytes) throw invalid("in the file", `it is longer than ${signingRequestMaxBytes}`);
  const { statement: text, files, published } = readJson(file);
  const statement = parseStatement(bytesOf(text));
  const byName = new Map(files.map(({ name, content }) => [name, content]));
  return {
    statement,
    files: statement.files.map((listed) =>
      openFile(statement.name, listed, bytesOf(byName.get(metadataFileName(listed.role, listed.version)))),
    ),
    root: bytesOf(published.root),
    snapshot: bytesOf(published.snapshot),
    targets: bytesOf(published.targets),
    roles: published.roles.map(({ role, content }) => ({ role: parseRoleName(role), bytes: bytesOf(content) })),
  };
}

interface RequestJson {
  readonly statement: unknown;
  readonly files: readonly { readonly name: string; readonly content: unknown }[];
  readonly published: {
    readonly root: unknown;
    readonly snapshot: unknown;
    readonly targets: unknown;
    readonly roles: readonly { readonly role: string; readonly content: unknown }[];
  };
}

function readJson(file: Uint8Array): RequestJson {
  try {
    const json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(file)) as RequestJson &
      Readonly<Record<"format" | "type", unknown>>;
    if (json.format !== 1 || json.type !== "dtuf-signing-request") throw new TypeError("wanted a signing request");
    const isListed = Array.isArray(json.files) && Array.isArray(json.published.roles);
    if (!isListed || !json.files.every(({ name }) => typeof name === "string")) throw new TypeError("wanted lists");
    if (!json.published.roles.every(({ role }) => typeof role === "string")) throw new TypeError("wanted roles");
    return json;
  } catch (cause) {
    const message = "the file is not one that sign --export wrote";
    throw new MasterError("MASTER_PROPOSAL_INVALID", message, { cause });
  }
}

function bytesOf(json: unknown): Uint8Array {
  return typeof json === "string" ? Buffer.from(json, "base64") : new Uint8Array();
}

/** The published files of the request. They are verified like a client does, from the request's own root. */
function viewOf({ statement, root, snapshot, targets, roles }: RequestContent): PublishedView {
  const { keys, roles: top } = parseUnverified(root, "root");
  const signedRoot = verifyDocument(root, { keys, role: top.root }, "root");
  const { meta } = verifyDocument(snapshot, { keys, role: top.snapshot }, "snapshot");
  const byName = new Map(roles.map(({ role, bytes }) => [role, bytes]));
  return {
    root: { bytes: root, signed: signedRoot },
    targets: { bytes: targets, signed: verifyDocument(targets, { keys, role: top.targets }, "targets") },
    listedVersion: (role) => meta.get(`${role}.json`)?.version ?? 0,
    async readRole({ name, by }) {
      const listed = meta.get(`${name}.json`);
      if (listed === undefined) return undefined;
      const bytes = byName.get(name);
      if (bytes === undefined || digestHex(digestOf(bytes)) !== listed.hashes?.get("sha256")) {
        throw invalid(statement.name, `the file lacks the published ${name} ${listed.version}`);
      }
      return { bytes, document: verifyDocument(bytes, by, "targets") };
    },
  };
}

/**
 * Opens a file that `exportProposal` wrote, without a network and without a state.
 * @throws MasterError MASTER_PROPOSAL_INVALID, MASTER_PROPOSAL_CHANGED, MASTER_PATH_NOT_DELEGATED; TufError; FormatError
 */
export async function openSigningRequest(
  file: Uint8Array,
  { expectHash }: { readonly expectHash?: string | undefined } = {},
): Promise<SigningRequest> {
  const content = parseRequest(file);
  const { statement } = content;
  const hash = statementHash(statement);
  if (expectHash !== undefined) verifyExpected({ statement, hash }, expectHash);
  const { files } = await placeProposal(viewOf(content), { name: statement.name, files: content.files });
  const review = (current: readonly OpenedFile[]): ProposalReview =>
    describeReview({ statement, hash, files: current, state: undefined });
  return {
    review: review(files),
    async sign(signers: readonly Signer[]) {
      const signed = await signFiles(files, (need) => Promise.resolve(signersOf(signers, need.by)));
      const unmet = files.filter(({ bytes, needs }) => needs.some((need) => !isMet(bytes, need)));
      if (signed.added.length === 0 && unmet.length > 0) throw keysMissing(unmet);
      return {
        ...review(signed.files),
        added: namesOf(signed.added),
        keyIds: signed.keyIds,
        file: encodeRequest({ ...content, files: signed.files }),
      };
    },
  };
}
