/** What a program gives to an agent, and what it gets. */
import type { Copy, CopyRepository, CopySettings, TargetInfo } from "@dtuf/copy";
import type { AgentEvent } from "./events.ts";
import type { FilePlace } from "./install/file-installation.ts";
import type { SlotPlace } from "./install/slot-installation.ts";
import type { HealthCheck } from "./patience.ts";
import type { ReleasePlatform } from "./release/platform.ts";
import type { PassedOver, SignedRelease } from "./release/select-release.ts";
import type { InstalledVersion, PendingVersion } from "./state/agent-state.ts";

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
   * Version of the running program. If an installer put it there, not the agent, what is at the place counts as this version and is
   * kept as the predecessor. Not for archives. Default: unknown.
   */
  readonly installedVersion?: string | undefined;
  /** Default: `stable`. */
  readonly channels?: readonly string[] | undefined;
  /** Default: this machine's. */
  readonly platform?: ReleasePlatform | undefined;
  /** How long an ordinary release waits, in milliseconds. Default: 0. */
  readonly cooldownMs?: number | undefined;
  /** A download without a byte for so long ends, in milliseconds. Default: 60,000. There is no limit for the whole. */
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
  readonly signal?: AbortSignal | undefined;
}

export interface CheckOptions extends AgentCall {
  /** A person asked: rollout, skipped and reverted versions, and a postponement do not hold a release back. Default: false. */
  readonly isAsked?: boolean | undefined;
}

export interface ApplyOptions extends AgentCall {
  /** Without it, the new version waits for `confirm`. With it, the version is confirmed or reverted before the call ends. */
  readonly healthCheck?: HealthCheck | undefined;
}

/** A release that this machine may install now. */
export interface AgentUpdate {
  readonly release: SignedRelease;
  readonly kind: "install" | "upgrade" | "rollback";
  readonly target: TargetInfo;
}

export interface CheckResult {
  readonly update: AgentUpdate | undefined;
  /** Newer releases that this machine does not get now. */
  readonly passedOver: readonly PassedOver[];
  /** What is signed of the installed version; undefined if nothing is installed, or if it is not published any more. */
  readonly installedRelease: SignedRelease | undefined;
}

/** What is installed, what was before it, and what is on its way. */
export interface AgentStatus {
  readonly installed: InstalledVersion | undefined;
  readonly previous: InstalledVersion | undefined;
  readonly pending: PendingVersion | undefined;
}

export interface Agent extends AsyncDisposable {
  /**
   * Refreshes and decides. Installs nothing.
   * @throws AgentError AGENT_RELEASE_UNKNOWN, AGENT_CHANNEL_UNKNOWN, AGENT_RELEASE_AMBIGUOUS, AGENT_STATE_FOREIGN; errors of the copy
   */
  check(options?: CheckOptions): Promise<CheckResult>;
  /**
   * Downloads and verifies, on the file system of the installation. An interrupted download is continued.
   * @throws AgentError AGENT_STALLED; FileError FILE_NO_SPACE; errors of the copy
   */
  stage(update: AgentUpdate, options?: AgentCall): Promise<AgentStatus>;
  /**
   * Verifies the staged bytes again and installs them. The version before it is kept.
   * @throws AgentError AGENT_NOT_PENDING, AGENT_STAGED_DIFFERS, AGENT_ARCHIVE_INVALID, AGENT_UNSUPPORTED, AGENT_UNHEALTHY; FileError
   */
  apply(options?: ApplyOptions): Promise<AgentStatus>;
  /** The applied version works: versions before its predecessor are removed. @throws AgentError AGENT_NOT_PENDING */
  confirm(): Promise<AgentStatus>;
  /** Installs the version before. This machine does not take the other one again by itself. @throws AgentError AGENT_NO_PREDECESSOR */
  revert(): Promise<AgentStatus>;
  /**
   * To be called when the program starts: heals a switch that was cut off, counts the start of an applied version, and
   * reverts it if it started too often without a `confirm`.
   */
  recover(): Promise<AgentStatus>;
  /** What is known, without a change. */
  pending(): Promise<AgentStatus>;
  /** This version is not installed unless a person asks. */
  skip(version: string): Promise<void>;
  /** Nothing is offered until then unless a person asks. */
  postpone(until: Date): Promise<void>;
  /** Events from now on. */
  watch(signal?: AbortSignal): AsyncIterable<AgentEvent>;
  close(): Promise<void>;
}
