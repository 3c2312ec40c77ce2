/** What the agent remembers between runs: one small file, written whole or not at all. */
import { join } from "node:path";
import { createDirectory, findFile, writeFileAtomically } from "@dtuf/registry/files";
import { AgentError } from "../errors.ts";

/** A version of the program, and the content that it was installed from. */
export interface InstalledVersion {
  readonly version: string;
  /** Of the target, in hex. */
  readonly sha256: string;
  /** Bytes of the target. */
  readonly length: number;
  readonly path: string;
}

/** Version of what was at the place before the first installation, if `installedVersion` did not say it. */
export const unknownVersion = "unknown";

/**
 * "staged": verified bytes wait. "applying" and "reverting": a switch began, and is finished or undone by the next call.
 * "applied": the new version is installed and waits for its confirmation.
 */
export type PendingPhase = "staged" | "applying" | "applied" | "reverting";

export interface PendingVersion extends InstalledVersion {
  readonly phase: PendingPhase;
  readonly kind: "install" | "upgrade" | "rollback";
  /** How often the program started since it was applied. */
  readonly starts: number;
  /** While a switch lasts: what was at the place when it began; null if there was nothing. */
  readonly before?: InstalledVersion | null | undefined;
}

export interface AgentState {
  /** Random, made here, sent to nobody: it decides the cohorts of this machine. */
  readonly installId: string;
  readonly installed: InstalledVersion | undefined;
  readonly previous: InstalledVersion | undefined;
  readonly pending: PendingVersion | undefined;
  readonly skipped: readonly string[];
  readonly reverted: readonly string[];
  /** By SHA-256: when this machine first saw a content published, as ISO 8601. */
  readonly firstSeen: Readonly<Record<string, string>>;
  /** Until when nothing is installed unless a person asks, as ISO 8601. */
  readonly postponedUntil: string | undefined;
  /** Nothing is installed unless a person asks. Absent in states of versions before it: false. */
  readonly isOptedOut?: boolean | undefined;
}

const stateVersion = 1;
const stateMaxBytes = 4 * 1024 * 1024;
const file = (directory: string): string => join(directory, "agent.json");

/** Makes the first state if there is none; it is not on the disk before it is written. @throws AgentError AGENT_STATE_FOREIGN; FileError */
export async function readAgentState(directory: string, createId: () => string): Promise<AgentState> {
  const bytes = await findFile(file(directory), { maxBytes: stateMaxBytes });
  if (bytes !== undefined) return parseAgentState(bytes, directory);
  const none = { installed: undefined, previous: undefined, pending: undefined, postponedUntil: undefined };
  return { installId: createId(), ...none, skipped: [], reverted: [], firstSeen: {} };
}

/** @throws FileError; the old state is on the disk then */
export async function writeAgentState(directory: string, state: AgentState): Promise<void> {
  await createDirectory(directory, { mode: 0o700 });
  await writeFileAtomically(file(directory), JSON.stringify({ stateVersion, ...state }), { mode: 0o600 });
}

function parseAgentState(bytes: Uint8Array, directory: string): AgentState {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (isState(value)) return value;
  } catch (cause) {
    throw foreign(directory, cause);
  }
  throw foreign(directory);
}

/** The agent alone writes this file, in a directory that only its user may enter; so damage is looked for, not forgery. */
function isState(value: unknown): value is AgentState {
  if (typeof value !== "object" || value === null) return false;
  const { stateVersion: version, installId, skipped, reverted, firstSeen } = value as Record<string, unknown>;
  const isWhole = Array.isArray(skipped) && Array.isArray(reverted) && typeof firstSeen === "object";
  return version === stateVersion && typeof installId === "string" && isWhole && firstSeen !== null;
}

function foreign(directory: string, cause?: unknown): AgentError {
  const path = file(directory);
  return new AgentError("AGENT_STATE_FOREIGN", `${path} is not a state of this version of the agent`, {
    details: { path },
    cause,
  });
}
