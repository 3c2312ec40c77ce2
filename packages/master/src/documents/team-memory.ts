/**
 * What this machine has seen and signed of proposals. The registry chooses what a signer is shown, so a signer refuses
 * an older proposal than one it has seen, another content under the same number, and a second document of one version.
 * Pure.
 */
import { createHash } from "node:crypto";
import type { ProposalStatement } from "@dtuf/format";
import { MasterError } from "../errors.ts";
import { versionJumpMax } from "../limits.ts";

interface Seen {
  readonly number: number;
  readonly hash: string;
  /** Marks of its first files, among which are all but hash bins. */
  readonly files: readonly string[];
}

export interface Made {
  readonly version: number;
  /** Of what was signed. */
  readonly sha256: string;
  /** The signatures of all who must sign it were seen, so that it can be published by anybody who kept it. */
  readonly complete?: true | undefined;
  /** That root in base64, because the registry may lose it. */
  readonly file?: string | undefined;
}

export interface TeamMemory {
  /** The newest proposal of each name. */
  readonly proposals: Readonly<Record<string, Seen>>;
  /** The newest document of each role that was signed here in a proposal. */
  readonly signed: Readonly<Record<string, Made>>;
  /**
   * Marks of files of proposals that others of their names replaced, the newest last. The number of a proposal is not signed: who
   * writes to the registry can give an old one a new number, and its signatures still count.
   */
  readonly withdrawn: readonly string[];
}

export const noMemory: TeamMemory = { proposals: {}, signed: {}, withdrawn: [] };

/** Files that are remembered of each proposal, and of all that were replaced. */
const rememberedMax = { ofOne: 100, withdrawn: 10_000 } as const;

/** @throws MasterError MASTER_PROPOSAL_INVALID: the number could use up the numbers */
export function verifyNumber({ proposals }: TeamMemory, { name, number }: ProposalStatement): void {
  const wanted = findOwn(proposals, name)?.number ?? 0;
  if (number <= wanted + versionJumpMax) return;
  const message = `proposal ${name} has the number ${number}; the last one seen here has ${wanted}`;
  throw new MasterError("MASTER_PROPOSAL_INVALID", message, { details: { name, got: number, wanted } });
}

/** @throws MasterError MASTER_PROPOSAL_REPLAYED, MASTER_PROPOSAL_CHANGED, MASTER_PROPOSAL_INVALID */
export function verifySeen(memory: TeamMemory, statement: ProposalStatement, hash: string): void {
  verifyNumber(memory, statement);
  const { name, number } = statement;
  const seen = findOwn(memory.proposals, name);
  if (seen === undefined || number > seen.number) return;
  if (number < seen.number) {
    const message = `proposal ${name} has the number ${number}; number ${seen.number} was seen here before`;
    const details = { name, got: number, wanted: seen.number };
    throw new MasterError("MASTER_PROPOSAL_REPLAYED", message, { details });
  }
  if (hash === seen.hash) return;
  const message = `proposal ${name} number ${number} has another content than was seen here before`;
  throw new MasterError("MASTER_PROPOSAL_CHANGED", message, { details: { name, got: hash, wanted: seen.hash } });
}

/** @throws MasterError MASTER_PROPOSAL_REPLAYED: it has a file of a proposal that was replaced */
export function verifyNotWithdrawn(memory: TeamMemory, { name, files }: ProposalStatement): void {
  const withdrawn = new Set(memory.withdrawn);
  const again = files.find((file) => withdrawn.has(markOf(file)));
  if (again === undefined) return;
  const { role, version } = again;
  const message = `proposal ${name} has the ${role} ${version} of an older proposal, which another one replaced`;
  throw new MasterError("MASTER_PROPOSAL_REPLAYED", message, { details: { name, role, got: version } });
}

/**
 * @param allowed "another root": a root may take the place of one of the same version that was signed here, because a
 *   colleague read the hash out. The next root has one version only; other roles take a higher one. Not if all signatures of
 *   the first were seen: two roots of one version could both be published.
 * @throws MasterError MASTER_PROPOSAL_REPLAYED, MASTER_PROPOSAL_CHANGED
 */
export function verifySignable(
  { signed }: TeamMemory,
  files: ProposalStatement["files"],
  allowed: "one root" | "another root",
): void {
  for (const { role, version, sha256 } of files) {
    const made = findOwn(signed, role);
    if (role === "root" && version === made?.version && sha256 !== made.sha256 && made.complete === true)
      throw rootComplete(version);
    if (role === "root" && version === made?.version && allowed === "another root") continue;
    if (made === undefined || version > made.version || (version === made.version && sha256 === made.sha256)) continue;
    const isOlder = version < made.version;
    throw new MasterError(
      isOlder ? "MASTER_PROPOSAL_REPLAYED" : "MASTER_PROPOSAL_CHANGED",
      isOlder
        ? `the proposal has ${role} ${version}; ${role} ${made.version} was signed here before`
        : `another ${role} ${version} was signed here before${role === "root" ? ": if this one takes its place, give the hash that its proposer read out" : ""}`,
      { details: { role, got: version, wanted: made.version } },
    );
  }
}

function rootComplete(version: number): MasterError {
  const message = `another root ${version} has all its signatures, so that both could be published: accept that one, and correct it by root ${version + 1}`;
  return new MasterError("MASTER_PROPOSAL_CHANGED", message, { details: { role: "root", got: version } });
}

export function withSeen(
  memory: TeamMemory,
  { name, number, files: all }: ProposalStatement,
  hash: string,
): TeamMemory {
  const before = findOwn(memory.proposals, name);
  const files = all.slice(0, rememberedMax.ofOne).map(markOf);
  const replaced =
    before === undefined || before.hash === hash ? [] : before.files.filter((mark) => !files.includes(mark));
  const withdrawn = [...new Set([...memory.withdrawn, ...replaced])].slice(-rememberedMax.withdrawn);
  return { ...memory, withdrawn, proposals: { ...memory.proposals, [name]: { number, hash, files } } };
}

/** Names a file of a role by what is signed: hash bins without targets are equal. */
function markOf({ role, sha256 }: ProposalStatement["files"][number]): string {
  return createHash("sha256").update(`${role}\n${sha256}`).digest("hex");
}

/** Remembers that the root which was signed here has all its signatures. */
export function withComplete(memory: TeamMemory, complete: readonly SignedFile[]): TeamMemory {
  const made = findOwn(memory.signed, "root");
  const root = complete.find(({ role, sha256 }) => role === "root" && sha256 === made?.sha256);
  if (made === undefined || root === undefined) return memory;
  const file = Buffer.from(root.bytes).toString("base64");
  return { ...memory, signed: { ...memory.signed, root: { ...made, complete: true, file } } };
}

type SignedFile = ProposalStatement["files"][number] & { readonly bytes: Uint8Array };

export function withSigned(memory: TeamMemory, files: ProposalStatement["files"]): TeamMemory {
  const signed = Object.fromEntries(files.map(({ role, version, sha256 }) => [role, { version, sha256 }]));
  return { ...memory, signed: { ...memory.signed, ...signed } };
}

/** The highest version of the role that was signed here in a proposal; 0 if there is none. */
export function signedVersion({ signed }: TeamMemory, role: string): number {
  return findOwn(signed, role)?.version ?? 0;
}

function findOwn<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

export function encodeMemory(memory: TeamMemory): string {
  return `${JSON.stringify({ format: 1, ...memory }, undefined, 2)}\n`;
}

/** @throws MasterError MASTER_STATE_INVALID */
export function parseMemory(bytes: Uint8Array, path: string): TeamMemory {
  try {
    const {
      format,
      proposals,
      signed,
      withdrawn = [],
    } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown>;
    if (format !== 1) throw new TypeError("wanted format 1");
    return {
      proposals: readRecord(proposals, ({ number, hash, files = [] }) => ({
        number: readNumber(number),
        hash: readHex(hash),
        files: readHexes(files),
      })),
      signed: readRecord(signed, ({ version, sha256, complete, file }) => ({
        version: readNumber(version),
        sha256: readHex(sha256),
        ...(complete === true ? { complete } : {}),
        ...(typeof file === "string" ? { file } : {}),
      })),
      withdrawn: readHexes(withdrawn),
    };
  } catch (cause) {
    throw new MasterError("MASTER_STATE_INVALID", `${path} is not a record of proposals`, { details: { path }, cause });
  }
}

type Fields = Readonly<Record<string, unknown>>;

function readRecord<T>(json: unknown, read: (fields: Fields) => T): Readonly<Record<string, T>> {
  if (typeof json !== "object" || json === null) throw new TypeError("wanted an object");
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, read(value as Fields)]));
}

function readNumber(json: unknown): number {
  if (!Number.isSafeInteger(json) || (json as number) < 1) throw new TypeError("wanted a whole number");
  return json as number;
}

function readHexes(json: unknown): readonly string[] {
  if (!Array.isArray(json)) throw new TypeError("wanted a list");
  return json.map(readHex);
}

function readHex(json: unknown): string {
  if (typeof json !== "string" || !/^[0-9a-f]{64}$/.test(json)) throw new TypeError("wanted a SHA-256 in hex");
  return json;
}
