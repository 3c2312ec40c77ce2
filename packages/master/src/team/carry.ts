/** Carries a proposal to a machine that is never online, and the signatures back. */
import { statementHash } from "@dtuf/format";
import { findValidSignatures, mergeSignatures, type KeyId, type RoleName } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import type { Operation } from "../state/operation.ts";
import type { ReviewOptions, SignedProposal } from "../contract/team.ts";
import { viewOf } from "./open-proposal.ts";
import { openProposal } from "./proposals.ts";
import { namesOf, describeReview } from "./rules/review.ts";
import { sendProposal } from "./send.ts";
import { encodeRequest, parseRequest, type RequestContent } from "./signing-request.ts";
import { placeProposal, type OpenedFile, type PublishedView } from "./rules/place-files.ts";

/** The file for `openSigningRequest`. @throws as `reviewProposal` */
export async function exportProposal(operation: Operation, name: string, options: ReviewOptions): Promise<Uint8Array> {
  const { base, found } = await openProposal(operation, name, options);
  const roles = new Map<RoleName, Uint8Array>();
  // What is read to verify it here is what must be read to verify it there.
  const view = viewOf(operation, base);
  const recorded: PublishedView = {
    ...view,
    async readRole(role) {
      const read = await view.readRole(role);
      if (read !== undefined) roles.set(role.name, read.bytes);
      return read;
    },
  };
  await placeProposal(recorded, { name, files: found.files });
  return encodeRequest({
    statement: found.statement,
    files: found.files,
    root: base.root.bytes,
    snapshot: base.snapshot.bytes,
    targets: base.targets.bytes,
    roles: [...roles].map(([role, bytes]) => ({ role, bytes })),
  });
}

/**
 * Adds the valid signatures of the files to the proposal that they were exported from.
 * @throws MasterError MASTER_PROPOSAL_CHANGED if a file is of another proposal, MASTER_KEYS_MISSING if none has a new signature
 */
export async function importSignatures(
  operation: Operation,
  requests: readonly Uint8Array[],
  options: ReviewOptions,
): Promise<SignedProposal> {
  const [first, ...more] = requests.map(parseRequest);
  if (first === undefined) throw new TypeError("no file was given");
  const { name } = first.statement;
  const { found, files, published } = await openProposal(operation, name, options);
  if (published) return { ...describeReview({ ...found, files, state: "published" }), added: [], keyIds: [] };
  let merged = files;
  for (const request of [first, ...more]) merged = mergeRequest(merged, request, found.hash);
  const news = merged.map((file, at) => ({ file, keyIds: newSigners(file, files[at]) }));
  const added = news.filter(({ keyIds }) => keyIds.length > 0);
  if (added.length === 0) throw nothingNew(name);
  const sent = await sendProposal(operation, { ...found, files: merged }, found);
  return {
    ...describeReview({ ...found, files: sent, state: undefined }),
    added: namesOf(added.map(({ file }) => file)),
    keyIds: [...new Set(added.flatMap(({ keyIds }) => keyIds))],
  };
}

function mergeRequest(files: readonly OpenedFile[], request: RequestContent, wanted: string): readonly OpenedFile[] {
  const got = statementHash(request.statement);
  if (got !== wanted) {
    const { name } = request.statement;
    const message = `the file is of a proposal with the hash ${got}; proposal ${name} has ${wanted}`;
    throw new MasterError("MASTER_PROPOSAL_CHANGED", message, { details: { name, got, wanted } });
  }
  return files.map((file, at) => {
    const theirs = request.files[at];
    const by = file.needs.map((need) => need.by);
    return theirs === undefined ? file : { ...file, bytes: mergeSignatures(file.bytes, theirs.bytes, by) };
  });
}

/** The keys with a valid signature on the file that it did not have before. */
function newSigners({ bytes, needs }: OpenedFile, before: OpenedFile | undefined): readonly KeyId[] {
  const signedBy = (file: Uint8Array): readonly KeyId[] => needs.flatMap(({ by }) => findValidSignatures(file, by));
  const known = new Set(before === undefined ? [] : signedBy(before.bytes));
  return [...new Set(signedBy(bytes))].filter((keyId) => !known.has(keyId));
}

function nothingNew(name: string): MasterError {
  const message = `the files have no signature that proposal ${name} does not have already`;
  return new MasterError("MASTER_KEYS_MISSING", message, { details: { name, roles: [], missing: [] } });
}
