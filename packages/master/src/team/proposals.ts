/** Proposals: what several people sign, one after the other, before it is published. */
import { isProposalName, parseProposalTag, statementHash, type ProposalStatement } from "@dtuf/format";
import type { TagName } from "@dtuf/registry";
import { parseRoleName, type Signer } from "@dtuf/tuf";
import { findBinSigners } from "../bins/sign-bins.ts";
import type { TargetMap } from "../documents/changes.ts";
import {
  signedVersion,
  verifyNumber,
  verifyNotWithdrawn,
  verifySeen,
  verifySignable,
  withSeen,
  withSigned,
  type TeamMemory,
} from "../documents/team-memory.ts";
import { MasterError } from "../errors.ts";
import { signersOf } from "../keys/given-signers.ts";
import { openProposalsMax, versionJumpMax } from "../limits.ts";
import type { Base } from "../published/base.ts";
import { isUnreadable, readable } from "../published/history.ts";
import { namesSnapshot, openBase, verifyUnexpired, type OpenedBase } from "../release/open-base.ts";
import { settleClock } from "../release/client-view.ts";
import type { Operation } from "../state/operation.ts";
import type {
  OpenProposal,
  ProposalReview,
  ProposeOptions,
  ReviewOptions,
  SignedProposal,
  SignOptions,
} from "../contract/team.ts";
import { draftRole, draftTopLevel } from "./draft.ts";
import { keepRoot } from "./rules/keep-root.ts";
import { isMet, type Need } from "./rules/needs.ts";
import {
  findProposal,
  findStatement,
  isPublished,
  unknownProposal,
  viewOf,
  type FoundProposal,
} from "./open-proposal.ts";
import { placeProposal, type OpenedFile } from "./rules/place-files.ts";
import { namesOf, describeReview, keysMissing, signFiles, verifyExpected, type Signed } from "./rules/review.ts";
import { draftDue } from "./renewal.ts";
import { rememberComplete, sendProposal } from "./send.ts";
import { settle, settleRole } from "./settle.ts";

export async function propose(
  operation: Operation,
  name: string,
  { role, expectSnapshot, clock }: ProposeOptions,
): Promise<ProposalReview> {
  if (!isProposalName(name)) throw new TypeError(`a proposal cannot be named ${JSON.stringify(name)}`);
  const base = await openTeamBase(operation, { expectSnapshot, clock });
  if (role !== undefined) await settleRole(operation, base, parseRoleName(role));
  const before = await findProposal(operation, name);
  if (before !== undefined) await rememberProposed(operation, base, before);
  const memory = await operation.team.readMemory();
  const others = (await readable(() => readStatements(operation))) ?? [];
  const proposed = [...others, ...(before === undefined ? [] : [before.statement])];
  const floor = (of: string): number => Math.max(signedVersion(memory, of), proposedVersion(proposed, of, base));
  const staged =
    role === undefined
      ? await draftTopLevel(operation, base, floor)
      : await draftRole(operation, base, { name: role, floor });
  const drafted = staged.length > 0 ? staged : await draftDue(operation, base, { role, floor });
  const signedHere = role === undefined ? memory.signed["root"] : undefined;
  const files = await keepRoot(drafted, { before, proposed, published: base.root, signedHere, now: operation.now });
  if (files.length === 0) throw nothingStaged(role);
  const number = Math.max(before?.statement.number ?? 0, memory.proposals[name]?.number ?? 0) + 1;
  const statement: ProposalStatement = { name, number, base: releaseOf(base), files };
  const placed = await placeProposal(viewOf(operation, base), { name, files });
  verifySignable(
    memory,
    files.filter(({ role }) => role === "root"),
    "another root",
  );
  const signed = await signFiles(placed.files, signersHere(operation));
  if (role !== undefined && signed.added.length === 0) throw keysMissing(placed.files);
  const hash = statementHash(statement);
  await remember(operation, memory, { statement, hash, signed });
  const sent = await sendProposal(operation, { statement, hash, files: signed.files }, before);
  return describeReview({ statement, hash, files: sent, state: undefined });
}

export async function reviewProposal(
  operation: Operation,
  name: string,
  options: ReviewOptions,
): Promise<ProposalReview> {
  const { found, files, published } = await openProposal(operation, name, options);
  await operation.team.saveMemory(withSeen(await operation.team.readMemory(), found.statement, found.hash));
  await rememberComplete(operation, files);
  return describeReview({ ...found, files, state: published ? "published" : undefined });
}

export async function signProposal(
  operation: Operation,
  name: string,
  { shownHash, ...options }: SignOptions,
): Promise<SignedProposal> {
  const { found, files, published } = await openProposal(operation, name, options);
  if (shownHash !== undefined) verifyExpected(found, shownHash);
  if (published) return { ...describeReview({ ...found, files, state: "published" }), added: [], keyIds: [] };
  const memory = await operation.team.readMemory();
  const unmet = files.filter(({ bytes, needs }) => needs.some((need) => !isMet(bytes, need)));
  verifySignable(memory, unmet, options.expectHash === undefined ? "one root" : "another root");
  const signed = await signFiles(files, signersHere(operation));
  if (signed.added.length === 0 && unmet.length > 0) throw keysMissing(unmet);
  await remember(operation, memory, { ...found, signed });
  const sent =
    signed.added.length === 0 ? files : await sendProposal(operation, { ...found, files: signed.files }, found);
  const { added, keyIds } = signed;
  return {
    ...describeReview({ ...found, files: sent, state: undefined }),
    added: namesOf(added),
    keyIds,
  };
}

/** The open proposals of the registry. One that cannot be read, or that is outdated, is left out. */
export async function listProposals(operation: Operation, base: Base): Promise<readonly OpenProposal[]> {
  const open: OpenProposal[] = [];
  for await (const name of listNames(operation)) {
    const described = await describeOpen(operation, base, name);
    if (described !== undefined && described.state !== "published") open.push(described);
  }
  return open;
}

/** What is proposed under all names: who signed one of these files signs no other one of that version. */
async function readStatements(operation: Operation): Promise<readonly ProposalStatement[]> {
  const statements: ProposalStatement[] = [];
  for await (const name of listNames(operation)) {
    const found = await readable(() => findStatement(operation, name));
    if (found !== undefined) statements.push(found.statement);
  }
  return statements;
}

async function* listNames({ store, signal }: Operation): AsyncGenerator<string> {
  if (store.listTags === undefined) return;
  let left = openProposalsMax;
  for await (const tag of store.listTags({ after: "proposal.", signal })) {
    const name = parseProposalTag(tag);
    if (name === undefined) continue;
    if (left-- <= 0) return;
    yield name;
  }
}

/** The targets of all proposals that are not published, also of those that are outdated: somebody may propose them again. */
export async function proposedTargets(
  operation: Operation,
  base: Base,
  tags: Iterable<TagName>,
): Promise<readonly TargetMap[]> {
  const targets: TargetMap[] = [];
  for (const name of [...tags].flatMap((tag) => parseProposalTag(tag) ?? [])) {
    const found = await readable(() => findProposal(operation, name));
    if (found === undefined || (await isPublished(operation, base, found.files))) continue;
    for (const { document } of found.files) if (document.type === "targets") targets.push(document.targets);
  }
  return targets;
}

async function describeOpen(operation: Operation, base: Base, name: string): Promise<OpenProposal | undefined> {
  try {
    const found = await findProposal(operation, name);
    if (found === undefined || (await isPublished(operation, base, found.files))) return undefined;
    const memory = await operation.team.readMemory();
    verifySeen(memory, found.statement, found.hash);
    verifyNotWithdrawn(memory, found.statement);
    const { files } = await placeProposal(viewOf(operation, base), { name, files: found.files });
    const { number, state, missing } = describeReview({ ...found, files, state: undefined });
    return { name, number, state, missing };
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** The published release, verified and recorded. Staged changes that it has already are dropped. */
export async function openTeamBase(
  operation: Operation,
  { expectHash, expectSnapshot, clock }: Pick<ReviewOptions, "expectHash"> & ProposeOptions = {},
): Promise<OpenedBase> {
  await settleClock(operation, clock);
  const base = await openBase(operation, { expectSnapshot, isAgreed: expectHash !== undefined });
  if (base.release === undefined) {
    const { place } = operation;
    throw new MasterError("MASTER_METADATA_UNAVAILABLE", `nothing is published at ${place}`, { details: { place } });
  }
  if (expectHash === undefined && !namesSnapshot(expectSnapshot)) verifyUnexpired(base, ["timestamp"], operation.now);
  await settle(operation, base);
  return base;
}

export interface OpenedProposal {
  readonly base: Base;
  readonly found: FoundProposal;
  readonly files: readonly OpenedFile[];
  readonly published: boolean;
}

export async function openProposal(
  operation: Operation,
  name: string,
  { expectHash, clock }: ReviewOptions,
): Promise<OpenedProposal> {
  const base = await openTeamBase(operation, { expectHash, clock });
  const found = await findSeen(operation, name, expectHash);
  if (await isPublished(operation, base, found.files)) {
    return {
      base,
      found,
      published: true,
      files: found.files.map((file) => ({ ...file, before: file.document, needs: [] })),
    };
  }
  return {
    base,
    found,
    published: false,
    files: (await placeProposal(viewOf(operation, base), { name, files: found.files })).files,
  };
}

/** The proposal, if it is not older than this machine has seen, and is the one that a colleague read out. */
export async function findSeen(
  operation: Operation,
  name: string,
  expectHash: string | undefined,
): Promise<FoundProposal> {
  const found = await findProposal(operation, name);
  if (found === undefined) throw unknownProposal(name);
  if (expectHash !== undefined) verifyExpected(found, expectHash);
  const memory = await operation.team.readMemory();
  verifySeen(memory, found.statement, found.hash);
  if (expectHash === undefined) verifyNotWithdrawn(memory, found.statement);
  return found;
}

/** The signers of this machine: its key files, and those that the caller gave. */
function signersHere(operation: Operation): (need: Need) => Promise<readonly Signer[]> {
  const { ring, signers } = operation;
  return async ({ keys, by, bins }) => {
    if (bins !== undefined) return findBinSigners(operation, bins, by);
    return keys === undefined ? signersOf(signers, by) : ring.findSigners(keys.role, keys.root);
  };
}

interface Remembered {
  readonly statement: ProposalStatement;
  readonly hash: string;
  readonly signed: Signed;
}

/** Saved before anything is sent, so that no version number is used for two documents. */
export async function remember(
  operation: Operation,
  memory: TeamMemory,
  { statement, hash, signed }: Remembered,
): Promise<void> {
  await operation.team.saveMemory(withSigned(withSeen(memory, statement, hash), signed.added));
  const state = operation.state();
  const targets = signed.added.find(({ role }) => role === "targets")?.version ?? 0;
  if (targets > state.signed.targets) await operation.save({ ...state, signed: { ...state.signed, targets } });
}

/** Before another proposal takes its place. */
async function rememberProposed(operation: Operation, base: Base, { statement, files }: FoundProposal): Promise<void> {
  verifyNumber(await operation.team.readMemory(), statement);
  const placed = await readable(() => placeProposal(viewOf(operation, base), { name: statement.name, files }));
  await rememberComplete(operation, placed?.files ?? []);
}

/** The highest that is proposed. Implausible versions are ignored: they could use up the version numbers. */
function proposedVersion(proposed: readonly Pick<ProposalStatement, "files">[], role: string, base: Base): number {
  const listed = base.snapshot.signed.meta.get(`${role}.json`)?.version ?? 0;
  const files = proposed.flatMap((statement) => statement.files.filter((file) => file.role === role));
  return files.reduce((most, { version }) => (version <= listed + versionJumpMax ? Math.max(most, version) : most), 0);
}

function releaseOf({ release }: Base): ProposalStatement["base"] {
  if (release === undefined) throw new TypeError("nothing is published");
  return release;
}

function nothingStaged(role: string | undefined): MasterError {
  const what =
    role === undefined
      ? "nothing is staged that others would have to sign, and nothing is due that has a key here"
      : `nothing is staged in ${role}, and it is not due`;
  return new MasterError("MASTER_NOTHING_STAGED", what, { details: role === undefined ? {} : { role } });
}
