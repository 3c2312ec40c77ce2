/**
 * Pushes a proposal and moves its tag. Two signers may add signatures at the same time: the signatures of both are merged
 * before the tag moves and, if it was moved in between, again after it.
 */
import { encodeProposal, metadataFileName, proposalTag, type ProposalStatement } from "@dtuf/format";
import type { Digest } from "@dtuf/registry";
import { mergeSignatures } from "@dtuf/tuf";
import { withComplete } from "../documents/team-memory.ts";
import { MasterError } from "../errors.ts";
import { rebasesMax } from "../limits.ts";
import { putArtifact } from "../release/upload.ts";
import type { Operation } from "../state/operation.ts";
import { findProposal, type FoundProposal } from "./open-proposal.ts";
import { isMet } from "./rules/needs.ts";
import type { OpenedFile } from "./rules/place-files.ts";

export interface Sending {
  readonly statement: ProposalStatement;
  readonly hash: string;
  readonly files: readonly OpenedFile[];
}

/**
 * @param replaces the proposal of the same name that this one may replace
 * @returns the files with the signatures of everybody
 * @throws MasterError MASTER_PROPOSAL_CHANGED if another content was proposed meanwhile, MASTER_PUBLISHER_RACE
 */
export async function sendProposal(
  operation: Operation,
  sending: Sending,
  replaces: FoundProposal | undefined,
): Promise<readonly OpenedFile[]> {
  let { files } = sending;
  for (let tries = 0; tries <= rebasesMax; tries++) {
    operation.signal?.throwIfAborted();
    const there = await findProposal(operation, sending.statement.name);
    if (there !== undefined && there.hash === sending.hash) files = merged(files, there);
    else if (there?.digest !== replaces?.digest) throw changed(sending.statement, there);
    if (!(await put(operation, { ...sending, files }, there?.digest))) continue;
    const now = await findProposal(operation, sending.statement.name);
    if (now === undefined || now.hash !== sending.hash) throw changed(sending.statement, now);
    const all = merged(files, now);
    if (all.every((file, at) => Buffer.compare(file.bytes, now.files[at]?.bytes ?? new Uint8Array()) === 0)) {
      await rememberComplete(operation, all);
      return all;
    }
    files = all;
  }
  const { name } = sending.statement;
  throw new MasterError("MASTER_PUBLISHER_RACE", `others changed proposal ${name} at every try`, { details: { name } });
}

/** A root that has all its signatures can be published by anybody who kept it, so that no other one of its version is signed. */
export async function rememberComplete(operation: Operation, files: readonly OpenedFile[]): Promise<void> {
  const complete = files.filter(({ bytes, needs }) => needs.every((need) => isMet(bytes, need)));
  const memory = await operation.team.readMemory();
  const after = withComplete(memory, complete);
  if (after !== memory) await operation.team.saveMemory(after);
}

/** Returns false if the tag names something else now; a store that can swap tags finds out. */
async function put(operation: Operation, { statement, files }: Sending, from: Digest | undefined): Promise<boolean> {
  const { store, signal } = operation;
  const artifact = encodeProposal(
    statement,
    files.map(({ role, version, bytes }) => ({ name: metadataFileName(role, version), bytes })),
  );
  if (store.swapTag === undefined) {
    await putArtifact(operation, artifact);
    return true;
  }
  await putArtifact(operation, { ...artifact, tags: [] });
  return store.swapTag(proposalTag(statement.name), { from, to: artifact.manifest.descriptor }, { signal });
}

/** Valid signatures only, so that a registry cannot fill the files with others. */
function merged(files: readonly OpenedFile[], other: FoundProposal): readonly OpenedFile[] {
  return files.map((file, at) => {
    const theirs = other.files[at];
    if (theirs === undefined) return file;
    const by = file.needs.map((need) => need.by);
    return { ...file, bytes: mergeSignatures(file.bytes, theirs.bytes, by) };
  });
}

function changed({ name }: ProposalStatement, now: FoundProposal | undefined): MasterError {
  const got = now === undefined ? "nothing" : `number ${now.statement.number}`;
  const message = `the registry shows ${got} as proposal ${name}: somebody proposed something else meanwhile`;
  return new MasterError("MASTER_PROPOSAL_CHANGED", message, { details: { name, got } });
}
