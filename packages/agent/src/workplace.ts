/** What the calls of one agent share. */
import { mkdir } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Copy } from "@dtuf/copy";
import {
  createDirectory,
  fileCall,
  findChangeable,
  verifyDirectories,
  withLock,
  type LockWait,
} from "@dtuf/registry/files";
import semver from "semver";
import type { AgentCall, AgentStatus } from "./contract.ts";
import { AgentError } from "./errors.ts";
import type { EventStream } from "./events.ts";
import type { Installation } from "./install/installation.ts";
import type { ReleasePlatform } from "./release/platform.ts";
import { readAgentState, writeAgentState, type AgentState } from "./state/agent-state.ts";
import type { AgentPolicy } from "./when/hold.ts";

export interface Workplace {
  readonly copy: Copy;
  readonly directory: string;
  readonly name: string;
  readonly installedVersion: string | undefined;
  readonly channels: readonly string[];
  readonly platform: ReleasePlatform;
  readonly installation: Installation;
  readonly policy: AgentPolicy;
  readonly cooldownMs: number;
  readonly stallMs: number;
  readonly healthMs: number;
  readonly startsMax: number;
  readonly now: () => Date;
  readonly random: () => string;
  readonly events: EventStream;
}

/** Reads the state, works, and returns the state that it leaves. One process at a time. @throws FileError FILE_LOCKED */
export async function withState(
  place: Workplace,
  { signal, stallMs = place.stallMs }: AgentCall,
  work: (state: AgentState) => Promise<AgentState>,
): Promise<AgentState> {
  const { directory, installation, events } = place;
  await createDirectory(directory, { mode: 0o700 });
  const onWait = ({ pid }: LockWait): void => events.emit({ kind: "lock-awaited", pid });
  return withLock(join(directory, "agent.lock"), { wait: "wait", signal, timeoutMs: stallMs, onWait }, async () => {
    const all = [directory, ...installation.directories];
    await verifyDirectories(all);
    for (const path of installation.directories) await fileCall(path, () => mkdir(path, { recursive: true }));
    if (userInfo().uid === 0) for (const path of all) await verifyOwn(path);
    return work(await adoptInstalled(place, await readAgentState(directory, place.random)));
  });
}

/**
 * Who may write there, or in a directory above it, could exchange what root installs.
 * @throws AgentError AGENT_PLACE_UNSAFE; FileError
 */
async function verifyOwn(directory: string): Promise<void> {
  const found = await findChangeable(directory, 0);
  if (found === undefined) return;
  const { path, uid, mode } = found;
  throw new AgentError("AGENT_PLACE_UNSAFE", `${path} can be changed by others than root, as which this program runs`, {
    details: { path, uid, mode: mode.toString(8) },
  });
}

/** What an installer put there is the installed version, if it is newer than what the agent knows of. */
async function adoptInstalled({ installation, installedVersion }: Workplace, state: AgentState): Promise<AgentState> {
  const { installed, pending } = state;
  if (installedVersion === undefined || pending !== undefined) return state;
  if (installed !== undefined && !semver.gt(installedVersion, installed.version)) return state;
  const found = await installation.identify();
  if (found === undefined) return state;
  const version = { version: installedVersion, ...found, path: "" };
  return { ...state, installed: { ...version, path: installation.currentPath(version) }, previous: undefined };
}

/** Writes the state and returns it. @throws FileError */
export async function keep({ directory }: Workplace, state: AgentState): Promise<AgentState> {
  await writeAgentState(directory, state);
  return state;
}

/** The part of the state that a program sees. */
export function statusOf({ installed, previous, pending, ...state }: AgentState): AgentStatus {
  const postponedUntil = state.postponedUntil === undefined ? undefined : new Date(state.postponedUntil);
  const user = { skipped: state.skipped, isOptedOut: state.isOptedOut === true, postponedUntil };
  return Object.freeze({ installed, previous, pending, reverted: state.reverted, ...user });
}

/** Where the bytes of a content wait. */
export function stagedPath({ installation }: Workplace, sha256: string): string {
  return join(installation.stagingDirectory, `staged-${sha256}`);
}
