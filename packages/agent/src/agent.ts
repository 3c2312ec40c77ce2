/**
 * The updater that a program embeds: check, stage, apply, confirm, revert.
 *
 * Guaranteed: only bytes that were verified are installed, and they are verified again when they are; at every moment the
 * old version or the new one is installed whole, and the next call finishes or undoes what was cut off.
 */
import { randomUUID } from "node:crypto";
import { statfs } from "node:fs/promises";
import { arch, platform as osPlatform } from "node:os";
import { join, resolve } from "node:path";
import { createCopy, type Copy } from "@dtuf/copy";
import { fileCall, FileError } from "@dtuf/registry/files";
import { checkForUpdate } from "./check.ts";
import type {
  Agent,
  AgentCall,
  AgentOptions,
  AgentStatus,
  AgentUpdate,
  ApplyOptions,
  InstallPlace,
} from "./contract.ts";
import { AgentError } from "./errors.ts";
import { createEventStream } from "./events.ts";
import { createFileInstallation } from "./install/file-installation.ts";
import type { Installation } from "./install/installation.ts";
import { createSlotInstallation } from "./install/slot-installation.ts";
import { findFault, withStallTimeout } from "./patience.ts";
import { parsePlatform } from "./release/platform.ts";
import { parseReleaseVersion, parseReleaseWord } from "./release/release.ts";
import { readAgentState, type AgentState } from "./state/agent-state.ts";
import { confirmApplied, heal, revertInstalled, switchToStaged } from "./switch.ts";
import { keep, stagedPath, statusOf, withState, type Workplace } from "./workplace.ts";

const defaultPatienceMs = 60_000;
const defaultStartsMax = 3;

/**
 * Creates an updater. It makes no request and touches no file before the first call.
 *
 * @throws AgentError AGENT_RELEASE_INVALID; OciError OCI_REFERENCE_INVALID
 */
export function createAgent(options: AgentOptions): Agent {
  const place = createWorkplace(options);
  const change = async (
    signal: AbortSignal | undefined,
    work: (state: AgentState) => Promise<AgentState>,
  ): Promise<AgentStatus> => statusOf(await withState(place, signal, async (state) => work(await heal(place, state))));
  const close = async (): Promise<void> => {
    if (!isCopy(options.copy)) await place.copy.close();
  };
  return {
    check: (call = {}) => checkForUpdate(place, call),
    stage: (update, call = {}) => change(call.signal, (state) => stage(place, { state, update, call })),
    apply: (call = {}) => change(call.signal, (state) => apply(place, state, call)),
    confirm: () => change(undefined, (state) => confirmApplied(place, state)),
    revert: () => change(undefined, (state) => revertInstalled(place, state, "asked")),
    recover: () => change(undefined, (state) => countStart(place, state)),
    pending: async () => statusOf(await readAgentState(place.directory, place.random)),
    async skip(version) {
      const skipped = parseReleaseVersion(version);
      await change(undefined, (state) => keep(place, { ...state, skipped: [...new Set([...state.skipped, skipped])] }));
    },
    async postpone(until) {
      await change(undefined, (state) => keep(place, { ...state, postponedUntil: until.toISOString() }));
    },
    watch: (signal) => place.events.watch(signal),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createWorkplace(options: AgentOptions): Workplace {
  const directory = resolve(options.directory);
  const { copy, now = () => new Date(), stallMs = defaultPatienceMs, healthMs = defaultPatienceMs } = options;
  const { platform = parsePlatform(`${osPlatform()}/${arch()}`), cooldownMs = 0, random = randomUUID } = options;
  const { channels = ["stable"], startsMax = defaultStartsMax, onEvent } = options;
  const { installedVersion } = options;
  return {
    installedVersion: installedVersion === undefined ? undefined : parseReleaseVersion(installedVersion),
    ...{ directory, now, stallMs, healthMs, platform, cooldownMs, random, startsMax },
    copy: isCopy(copy) ? copy : createCopy({ ...copy, directory: join(directory, "copy"), now, state: "required" }),
    name: parseReleaseWord(options.name, "name"),
    channels: channels.map((channel) => parseReleaseWord(channel, "channel")),
    installation: createInstallation(options.install),
    events: createEventStream(onEvent),
  };
}

function isCopy(copy: AgentOptions["copy"]): copy is Copy {
  return "pullMetadata" in copy;
}

function createInstallation(install: InstallPlace): Installation {
  if (install.kind === "archive") return createSlotInstallation({ ...install, directory: resolve(install.directory) });
  return createFileInstallation({ path: resolve(install.path), mode: install.kind === "executable" ? 0o755 : 0o644 });
}

interface Staging {
  readonly state: AgentState;
  readonly update: AgentUpdate;
  readonly call: AgentCall;
}

async function stage(place: Workplace, { state, update, call }: Staging): Promise<AgentState> {
  const { release, kind, target } = update;
  const { version, sha256 } = release;
  if (state.pending?.phase === "applied") {
    throw new AgentError("AGENT_NOT_PENDING", `${state.pending.version} waits for its confirmation`, {
      details: { got: "applied" },
    });
  }
  await verifySpace(place.installation.stagingDirectory, target.length * 2);
  await withStallTimeout(place.stallMs, call.signal, (signal, reportLife) =>
    place.copy.saveTarget(target, stagedPath(place, sha256), {
      ...{ signal, same: "keep", mode: "cache-if-valid" },
      onProgress({ bytes, kind: what, totalBytes }) {
        reportLife();
        if (what === "target") place.events.emit({ kind: "progress", version, bytes, totalBytes: totalBytes ?? 0 });
      },
    }),
  );
  const path = place.installation.currentPath({ version, sha256, length: target.length, path: "" });
  const pending = { version, sha256, length: target.length, path, phase: "staged", kind, starts: 0 } as const;
  const staged = await keep(place, { ...state, pending });
  place.events.emit({ kind: "staged", version });
  return staged;
}

/** The staged bytes and the installed ones lie side by side for a moment. @throws FileError FILE_NO_SPACE */
async function verifySpace(path: string, needed: number): Promise<void> {
  const { bavail, bsize } = await fileCall(path, () => statfs(path));
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new FileError("FILE_NO_SPACE", `${path} has ${free} bytes free; ${needed} are needed`, {
    details: { path, needed, free },
  });
}

async function apply(place: Workplace, state: AgentState, { signal, healthCheck }: ApplyOptions): Promise<AgentState> {
  const applied = await switchToStaged(place, state, signal);
  if (healthCheck === undefined || applied.installed === undefined) return applied;
  const { version, path } = applied.installed;
  const cause = await findFault(healthCheck, { version, path }, place.healthMs);
  if (cause === undefined) return confirmApplied(place, applied);
  await revertInstalled(place, applied, "health");
  throw new AgentError(
    "AGENT_UNHEALTHY",
    `${version} is not healthy: ${cause.message}. The version before is installed again`,
    {
      details: { version },
      cause,
    },
  );
}

async function countStart(place: Workplace, state: AgentState): Promise<AgentState> {
  const { pending } = state;
  if (pending?.phase !== "applied") return state;
  const starts = pending.starts + 1;
  if (starts > place.startsMax && state.previous !== undefined) return revertInstalled(place, state, "starts");
  return keep(place, { ...state, pending: { ...pending, starts } });
}
