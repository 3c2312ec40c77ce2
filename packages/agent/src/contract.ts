/** What a program gives to an agent, and what it gets. */
import type { Copy, CopyRepository, CopySettings, TargetInfo } from "@dtuf/copy";
import type { AgentEvent } from "./events.ts";
import type { FilePlace } from "./install/file-installation.ts";
import type { InstalledCondition } from "./install/installation.ts";
import type { SlotPlace } from "./install/slot-installation.ts";
import type { HealthCheck } from "./patience.ts";
import type { ReleasePlatform } from "./release/platform.ts";
import type { PassedOver, SignedRelease } from "./release/select-release.ts";
import type { InstalledVersion, PendingVersion } from "./state/agent-state.ts";
import type { AgentPolicy, Hold } from "./when/hold.ts";

/** What is installed: a file, an executable (a file that may be run), or an archive that is unpacked into a slot. */
export type InstallPlace =
  | (Pick<FilePlace, "path"> & { readonly kind: "file" | "executable" })
  | (SlotPlace & { readonly kind: "archive" });

/** The repository by its name; the agent creates its copy, in its own directory. */
export type AgentRepository = CopyRepository & Pick<CopySettings, "root" | "deadlines" | "limits" | "knownPast">;

export interface AgentOptions {
  /** The agent closes a copy that it created, and no other. */
  readonly copy: Copy | AgentRepository;
  /** The agent's own directory: its state and, if it creates the copy, the copy's. */
  readonly directory: string;
  /** Name of the release. */
  readonly name: string;
  readonly install: InstallPlace;
  /**
   * Version of the running program. If an installer put it there, not the agent, what is at the place counts as this version.
   * Not for archives. Default: unknown; a file or executable that is there is kept all the same, and comes back if the new version fails.
   */
  readonly installedVersion?: string | undefined;
  /** Default: `stable`. */
  readonly channels?: readonly string[] | undefined;
  /** Default: this machine's. */
  readonly platform?: ReleasePlatform | undefined;
  /** How long an ordinary release waits, in milliseconds. Default: 0. */
  readonly cooldownMs?: number | undefined;
  /** What the user and the machine allow when nobody asks. Default: everything, at any time. */
  readonly policy?: AgentPolicy | undefined;
  /** A call in which nothing moves for so long ends, in milliseconds. Default: 60,000. There is no limit for the whole. */
  readonly stallMs?: number | undefined;
  /** How long a health check may take, in milliseconds. Default: 60,000. */
  readonly healthMs?: number | undefined;
  /** `recover` reverts a version that started more often than this without a `confirm`. Default: 3. */
  readonly startsMax?: number | undefined;
  readonly now?: (() => Date) | undefined;
  /** A new random id. Default: `crypto.randomUUID`. */
  readonly random?: (() => string) | undefined;
  readonly onEvent?: ((event: AgentEvent) => void) | undefined;
}

export interface AgentCall {
  /** The call throws its reason. What arrived is kept, and what is installed stays whole. */
  readonly signal?: AbortSignal | undefined;
  /** Of this call: how long nothing may move, in milliseconds; also how long another process is waited for. Default: the agent's. */
  readonly stallMs?: number | undefined;
}

/** A call that the user's and the machine's policy can hold back. */
export interface HeldCall extends AgentCall {
  /** A person asked: nothing is held back by the policy, a postponement or an opt-out. Default: false. */
  readonly isAsked?: boolean | undefined;
}

/** With `isAsked`, rollout, skipped and reverted versions do not hold a release back either. */
export type CheckOptions = HeldCall;

export interface ApplyOptions extends HeldCall {
  /** Without it, the new version waits for `confirm`. With it, the version is confirmed or reverted before the call ends, unless the signal ends the check. */
  readonly healthCheck?: HealthCheck | undefined;
}

export interface RunOptions extends ApplyOptions {
  /** From one round to the next, in milliseconds. Default: 6 hours. */
  readonly everyMs?: number | undefined;
  /** By which part of it a wait is longer or shorter, so that machines do not ask all at once. From 0 to 1. Default: 0.1. */
  readonly jitter?: number | undefined;
  /** A number from 0 to below 1. Default: `Math.random`. */
  readonly chance?: (() => number) | undefined;
}

/** How a round ended. */
export type UpdateOutcome =
  /** Nothing newer may be installed. */
  | { readonly kind: "current" }
  /** A version is installed; confirmed if there was a health check. */
  | { readonly kind: "installed"; readonly version: string }
  /** A version that is installed waits for `confirm` or `revert`. */
  | { readonly kind: "unconfirmed"; readonly version: string }
  /** The policy, a postponement or an opt-out holds it back. */
  | { readonly kind: "held"; readonly hold: Hold };

/** A release that this machine may install now. */
export interface AgentUpdate {
  readonly release: SignedRelease;
  readonly kind: "install" | "upgrade" | "rollback";
  readonly target: TargetInfo;
}

export interface CheckResult {
  readonly update: AgentUpdate | undefined;
  /** Why an update is not offered although there is one: an opt-out or a postponement. */
  readonly held: Hold | undefined;
  /** Newer releases that this machine does not get now. */
  readonly passedOver: readonly PassedOver[];
  /** What is signed of the installed version; undefined if nothing is installed, or if it is not published any more. */
  readonly installedRelease: SignedRelease | undefined;
}

/** What is installed, what was before it, what is on its way, and what the user said. */
export interface AgentStatus {
  readonly installed: InstalledVersion | undefined;
  /** What `revert` installs again. Its version is `unknown` if it was there before the first installation and nobody said which it is. */
  readonly previous: InstalledVersion | undefined;
  readonly pending: PendingVersion | undefined;
  /** Versions that are not installed unless a person asks: the user's choice, and those that were reverted here. */
  readonly skipped: readonly string[];
  readonly reverted: readonly string[];
  readonly isOptedOut: boolean;
  /** Also if it is over. */
  readonly postponedUntil: Date | undefined;
}

export interface Agent extends AsyncDisposable {
  /**
   * Refreshes and decides. Installs nothing. Calls with the same options at the same time are one.
   * @throws AgentError AGENT_RELEASE_UNKNOWN, AGENT_CHANNEL_UNKNOWN, AGENT_RELEASE_AMBIGUOUS, AGENT_STATE_FOREIGN, AGENT_PLACE_UNSAFE, AGENT_STALLED;
   *   errors of the copy
   */
  check(options?: CheckOptions): Promise<CheckResult>;
  /**
   * Downloads and verifies, on the file system of the installation. An interrupted download is continued.
   * @throws AgentError AGENT_HELD, AGENT_STALLED, AGENT_NOT_PENDING; FileError FILE_NO_SPACE; errors of the copy
   */
  stage(update: AgentUpdate, options?: HeldCall): Promise<AgentStatus>;
  /**
   * Verifies the staged bytes again and installs them. What is at the place is kept until the installation after this one is confirmed, whatever its version.
   * @throws AgentError AGENT_HELD, AGENT_NOT_PENDING, AGENT_STAGED_DIFFERS, AGENT_STATE_FOREIGN, AGENT_ARCHIVE_INVALID, AGENT_UNSUPPORTED, AGENT_UNHEALTHY,
   *   AGENT_STALLED; FileError
   */
  apply(options?: ApplyOptions): Promise<AgentStatus>;
  /** The applied version works: versions before its predecessor are removed. @throws AgentError AGENT_NOT_PENDING */
  confirm(options?: AgentCall): Promise<AgentStatus>;
  /** Installs the version before. This machine does not take the other one again by itself. @throws AgentError AGENT_NO_PREDECESSOR */
  revert(options?: AgentCall): Promise<AgentStatus>;
  /**
   * To be called when the program starts: heals a switch that was cut off, counts the start of an applied version, and
   * reverts it if it started too often without a `confirm`.
   */
  recover(options?: AgentCall): Promise<AgentStatus>;
  /** One round: checks, stages and applies. What holds it back is a result, everything else throws. @throws as those three */
  update(options?: ApplyOptions): Promise<UpdateOutcome>;
  /**
   * Rounds until the signal, one after the other; then it returns. A round that fails is reported as an event "failed"; if a later
   * one may succeed, it comes after a minute, and each next one after twice the time, up to `everyMs`. Between rounds there is
   * one timer, and no connection of a copy that the agent created. An opt-out makes no request.
   */
  run(options: RunOptions): Promise<void>;
  /** Whether the installed version is still at its place, by its bytes; undefined if none is installed and confirmed. @throws FileError */
  inspect(options?: AgentCall): Promise<InstalledCondition | undefined>;
  /** What is known, without a change. */
  pending(options?: AgentCall): Promise<AgentStatus>;
  /** This version is not installed unless a person asks. @throws AgentError AGENT_RELEASE_INVALID */
  skip(version: string, options?: AgentCall): Promise<AgentStatus>;
  /** Nothing is offered until then unless a person asks. */
  postpone(until: Date, options?: AgentCall): Promise<AgentStatus>;
  /** Nothing is offered from now on unless a person asks. Kept until `optIn`. */
  optOut(options?: AgentCall): Promise<AgentStatus>;
  /** Ends an opt-out and a postponement. */
  optIn(options?: AgentCall): Promise<AgentStatus>;
  /** Events from now on. */
  watch(signal?: AbortSignal): AsyncIterable<AgentEvent>;
  /** Closes the connections of a copy that the agent created. The next call opens new ones. */
  close(): Promise<void>;
}
