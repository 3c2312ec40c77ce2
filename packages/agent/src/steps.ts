/** The steps of an update that a program calls one by one: stage, apply, and the count of starts. */
import { statfs } from "node:fs/promises";
import { fileCall, FileError } from "@dtuf/registry/files";
import type { AgentUpdate, ApplyOptions, HeldCall } from "./contract.ts";
import { AgentError } from "./errors.ts";
import { findFault, withStallTimeout } from "./patience.ts";
import type { AgentState, PendingVersion } from "./state/agent-state.ts";
import { confirmApplied, notPending, revertFailed, switchToStaged } from "./switch.ts";
import { findHold, refuseHeld, type HeldVersion } from "./when/hold.ts";
import { keep, stagedPath, type Workplace } from "./workplace.ts";

interface Staging {
  readonly state: AgentState;
  readonly update: AgentUpdate;
  readonly call: HeldCall;
}

/** Downloads, and writes down what waits. @throws AgentError; FileError; errors of the copy */
export async function stageUpdate(place: Workplace, { state, update, call }: Staging): Promise<AgentState> {
  const { release, kind, target } = update;
  const { version, sha256 } = release;
  const { length } = target;
  if (state.pending?.phase === "applied") {
    throw new AgentError("AGENT_NOT_PENDING", `${state.pending.version} waits for its confirmation`, {
      details: { got: "applied" },
    });
  }
  await verifyAllowed(place, { step: "download", version, length }, { state, call });
  await verifySpace(place.installation.stagingDirectory, length * 2);
  await withStallTimeout(call.stallMs ?? place.stallMs, call.signal, (signal, reportLife) =>
    place.copy.saveTarget(target, stagedPath(place, sha256), {
      ...{ signal, same: "keep", mode: "cache-if-valid", seeds: place.installation.seeds },
      onProgress({ bytes, kind: what, totalBytes = length }) {
        reportLife();
        if (what === "target") place.events.emit({ kind: "progress", step: "download", version, bytes, totalBytes });
      },
    }),
  );
  const path = place.installation.currentPath({ version, sha256, length, path: "" });
  const pending = { version, sha256, length, path, phase: "staged", kind, starts: 0 } as const;
  const staged = await keep(place, { ...state, pending });
  place.events.emit({ kind: "staged", version });
  return staged;
}

/** @throws AgentError AGENT_HELD */
async function verifyAllowed(
  { policy, now, events }: Workplace,
  held: HeldVersion,
  { state, call }: { readonly state: AgentState; readonly call: HeldCall },
): Promise<void> {
  if (call.isAsked === true) return;
  const hold = await findHold(held, { policy, state, now: now() });
  if (hold === undefined) return;
  const { step, version } = held;
  events.emit({ kind: "held", step, version, ...hold });
  refuseHeld(hold, held);
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

/** Installs what is staged; with a health check, confirms or reverts it. @throws AgentError; FileError */
export async function applyStaged(place: Workplace, state: AgentState, call: ApplyOptions): Promise<AgentState> {
  const { pending } = state;
  if (pending?.phase !== "staged") throw notPending("staged", state);
  await verifyAllowed(place, { ...pending, step: "install" }, { state, call });
  const applied = await installStaged(place, state, { pending, call });
  const { healthCheck } = call;
  if (healthCheck === undefined || applied.installed === undefined) return applied;
  const { version, path } = applied.installed;
  const cause = await findFault(healthCheck, { version, path, signal: call.signal }, place.healthMs);
  if (cause === undefined) return confirmApplied(place, applied);
  const { installed } = await revertFailed(place, applied, "health");
  const then =
    installed?.version === version
      ? "There is nothing before it to go back to"
      : "What was there before is installed again";
  throw new AgentError("AGENT_UNHEALTHY", `${version} is not healthy: ${cause.message}. ${then}`, {
    details: { version },
    cause,
  });
}

function installStaged(
  place: Workplace,
  state: AgentState,
  { pending: { version, length }, call }: { readonly pending: PendingVersion; readonly call: ApplyOptions },
): Promise<AgentState> {
  let done = 0;
  return withStallTimeout(call.stallMs ?? place.stallMs, call.signal, (signal, reportLife) =>
    switchToStaged(place, state, {
      signal,
      onBytes(bytes) {
        reportLife();
        if (bytes <= done) return;
        done = bytes;
        place.events.emit({ kind: "progress", step: "install", version, bytes, totalBytes: length });
      },
    }),
  );
}

/** A version that starts too often without a confirmation is reverted. @throws FileError */
export async function countStart(place: Workplace, state: AgentState): Promise<AgentState> {
  const { pending } = state;
  if (pending?.phase !== "applied") return state;
  const starts = pending.starts + 1;
  if (starts > place.startsMax) return revertFailed(place, state, "starts");
  return keep(place, { ...state, pending: { ...pending, starts } });
}
