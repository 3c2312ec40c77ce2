/**
 * What this machine has seen and signed of proposals. The registry chooses what a signer is shown, so a signer refuses
 * an older proposal than one it has seen, another content under the same number, and a second document of one version.
 * Pure.
 */
import type { ProposalStatement } from "@dtuf/format";
import { MasterError } from "../errors.ts";
import { versionJumpMax } from "../limits.ts";

interface Seen {
  readonly number: number;
  readonly hash: string;
}

interface Made {
  readonly version: number;
  /** Of what was signed. */
  readonly sha256: string;
}

export interface TeamMemory {
  /** The newest proposal of each name. */
  readonly proposals: Readonly<Record<string, Seen>>;
  /** The newest document of each role that was signed here in a proposal. */
  readonly signed: Readonly<Record<string, Made>>;
}

export const noMemory: TeamMemory = { proposals: {}, signed: {} };

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

/**
 * @param allowed "another root": a root may take the place of one of the same version that was signed here, because a
 *   colleague read the hash out. The next root has one version only; other roles take a higher one.
 * @throws MasterError MASTER_PROPOSAL_REPLAYED, MASTER_PROPOSAL_CHANGED
 */
export function verifySignable(
  { signed }: TeamMemory,
  files: ProposalStatement["files"],
  allowed: "one root" | "another root",
): void {
  for (const { role, version, sha256 } of files) {
    const made = findOwn(signed, role);
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

export function withSeen(memory: TeamMemory, { name, number }: ProposalStatement, hash: string): TeamMemory {
  return { ...memory, proposals: { ...memory.proposals, [name]: { number, hash } } };
}

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
    const { format, proposals, signed } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<string, unknown>;
    if (format !== 1) throw new TypeError("wanted format 1");
    return {
      proposals: readRecord(proposals, ({ number, hash }) => ({ number: readNumber(number), hash: readHex(hash) })),
      signed: readRecord(signed, ({ version, sha256 }) => ({ version: readNumber(version), sha256: readHex(sha256) })),
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

function readHex(json: unknown): string {
  if (typeof json !== "string" || !/^[0-9a-f]{64}$/.test(json)) throw new TypeError("wanted a SHA-256 in hex");
  return json;
}
