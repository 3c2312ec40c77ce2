/**
 * The updater that a program embeds: check, stage, apply, confirm, revert.
 *
 * Guaranteed: only bytes that were verified are installed, and they are verified again when they are; at every moment the
 * old version or the new one is installed whole, and the next call finishes or undoes what was cut off.
 */
import { randomUUID } from "node:crypto";
import { arch, platform as osPlatform } from "node:os";
import { join, resolve } from "node:path";
import { createCopy, type Copy } from "@dtuf/copy";
import { createSingleFlight } from "@dtuf/registry";
import { checkForUpdate, inspectInstalled } from "./check.ts";
import type { Agent, AgentCall, AgentOptions, AgentStatus, CheckResult, HeldCall, InstallPlace } from "./contract.ts";
import { createEventStream } from "./events.ts";
import { createFileInstallation } from "./install/file-installation.ts";
import type { Installation } from "./install/installation.ts";
import { createSlotInstallation } from "./install/slot-installation.ts";
import { parsePlatform } from "./release/platform.ts";
import { parseReleaseVersion, parseReleaseWord } from "./release/release.ts";
import { runRounds, updateOnce } from "./rounds.ts";
import { readAgentState, type AgentState } from "./state/agent-state.ts";
import { applyStaged, countStart, stageUpdate } from "./steps.ts";
import { confirmApplied, heal, revertInstalled } from "./switch.ts";
import {
  applyTrace,
  checkTrace,
  noticeEvent,
  stageTrace,
  type AgentCallOutcome,
  type AgentCallTold,
} from "./tracing/traces.ts";
import { verifyWindow } from "./when/window.ts";
import { keep, statusOf, withState, type Workplace } from "./workplace.ts";

const defaultPatienceMs = 60_000;
const defaultStartsMax = 3;

/**
 * Creates an updater. It makes no request and touches no file before the first call.
 *
 * @throws AgentError AGENT_RELEASE_INVALID, AGENT_WINDOW_INVALID; OciError OCI_REFERENCE_INVALID
 */
export function createAgent(options: AgentOptions): Agent {
  const place = createWorkplace(options);
  const { now, events } = place;
  const change = changerOf(place);
  const steps = createSteps(place, change);
  const close = async (): Promise<void> => {
    if (!isCopy(options.copy)) await place.copy.close();
  };
  return {
    ...steps,
    confirm: (call) => change(call, (state) => confirmApplied(place, state)),
    revert: (call) => change(call, (state) => revertInstalled(place, state, "asked")),
    recover: (call) => change(call, (state) => countStart(place, state)),
    update: (call = {}) => updateOnce(steps, call),
    run: (call) => runRounds({ ...steps, close, events, now }, call),
    async inspect({ signal } = {}) {
      signal?.throwIfAborted();
      const { installation } = place;
      return inspectInstalled(
        { installation, events: { ...events, emit: () => undefined } },
        await readAgentState(place.directory, place.random),
      );
    },
    async skip(version, call) {
      const skipped = parseReleaseVersion(version);
      return change(call, (state) => keep(place, { ...state, skipped: [...new Set([...state.skipped, skipped])] }));
    },
    postpone: (until, call) => change(call, (state) => keep(place, { ...state, postponedUntil: until.toISOString() })),
    optOut: (call) => change(call, (state) => keep(place, { ...state, isOptedOut: true })),
    optIn: (call) => change(call, (state) => keep(place, { ...state, isOptedOut: false, postponedUntil: undefined })),
    watch: (signal) => events.watch(signal),
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Change = (call: AgentCall | undefined, work: (state: AgentState) => Promise<AgentState>) => Promise<AgentStatus>;

/** Each change begins with what was cut off. */
function changerOf(place: Workplace): Change {
  return async (call = {}, work) =>
    statusOf(await withState(place, call, async (state) => work(await heal(place, state))));
}

function createSteps(place: Workplace, change: Change): Pick<Agent, "check" | "stage" | "apply" | "pending"> {
  const checks = createSingleFlight<CheckResult>({ last: "waits" });
  const check: Agent["check"] = (call = {}) =>
    checks(
      JSON.stringify([call.isAsked, call.stallMs]),
      (signal) => checkForUpdate(place, { ...call, signal }),
      call.signal,
    );
  const tell =
    ({ isAsked = false }: HeldCall) =>
    (): AgentCallTold => ({ name: place.name, isAsked });
  const offered = ({ update }: CheckResult): AgentCallOutcome => ({ version: update?.release.version });
  const pending = (status: AgentStatus): AgentCallOutcome => ({ version: status.pending?.version });
  const installed = (status: AgentStatus): AgentCallOutcome => ({ version: status.installed?.version });
  return {
    check: (call = {}) => checkTrace.run(() => check(call), tell(call), offered),
    stage(update, call = {}) {
      const work = (): Promise<AgentStatus> => change(call, (state) => stageUpdate(place, { state, update, call }));
      return stageTrace.run(work, tell(call), pending);
    },
    apply(call = {}) {
      const work = (): Promise<AgentStatus> => change(call, (state) => applyStaged(place, state, call));
      return applyTrace.run(work, tell(call), installed);
    },
    async pending({ signal } = {}) {
      signal?.throwIfAborted();
      return statusOf(await readAgentState(place.directory, place.random));
    },
  };
}

function createWorkplace(options: AgentOptions): Workplace {
  const directory = resolve(options.directory);
  const { copy, now = () => new Date(), stallMs = defaultPatienceMs, healthMs = defaultPatienceMs } = options;
  const { platform = parsePlatform(`${osPlatform()}/${arch()}`), cooldownMs = 0, random = randomUUID } = options;
  const { channels = ["stable"], startsMax = defaultStartsMax, onEvent, policy = {}, installedVersion } = options;
  if (policy.window !== undefined) verifyWindow(policy.window);
  const name = parseReleaseWord(options.name, "name");
  return {
    installedVersion: installedVersion === undefined ? undefined : parseReleaseVersion(installedVersion),
    ...{ directory, now, stallMs, healthMs, platform, cooldownMs, policy, random, startsMax },
    copy: isCopy(copy) ? copy : createCopy({ ...copy, directory: join(directory, "copy"), now, state: "required" }),
    name,
    channels: channels.map((channel) => parseReleaseWord(channel, "channel")),
    installation: createInstallation(options.install),
    events: createEventStream((event) => {
      noticeEvent(() => ({ name, event }));
      onEvent?.(event);
    }),
  };
}

function isCopy(copy: AgentOptions["copy"]): copy is Copy {
  return "pullMetadata" in copy;
}

function createInstallation(install: InstallPlace): Installation {
  if (install.kind === "archive") return createSlotInstallation({ ...install, directory: resolve(install.directory) });
  return createFileInstallation({ path: resolve(install.path), mode: install.kind === "executable" ? 0o755 : 0o644 });
}
