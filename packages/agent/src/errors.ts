/**
 * Reasons why the updater refused or could not continue. The codes are stable; messages are for people and may be
 * reworded.
 */
export type AgentErrorCode =
  /** A version is not semantic versioning, or another field of a release is malformed. */
  | "AGENT_RELEASE_INVALID"
  /** Two targets are the same version of the same release for the same platform. */
  | "AGENT_RELEASE_AMBIGUOUS"
  /** The repository has no release of this name, or not this version of it. */
  | "AGENT_RELEASE_UNKNOWN"
  /** The release exists, but not in the channels of this machine. */
  | "AGENT_CHANNEL_UNKNOWN"
  /** A rollout would go down. Machines that have the release keep it. */
  | "AGENT_ROLLOUT_DOWN"
  /** The staged bytes are not the signed ones any more. */
  | "AGENT_STAGED_DIFFERS"
  /** The call does not fit what is pending, for example `apply` with nothing staged. */
  | "AGENT_NOT_PENDING"
  /** There is no previous version to go back to. */
  | "AGENT_NO_PREDECESSOR"
  /** The new version was not healthy in time. What was there before is installed again; if there was nothing, it stays. */
  | "AGENT_UNHEALTHY"
  /** The user or the machine does not allow this step now. `details.reason` says why, `details.until` until when. */
  | "AGENT_HELD"
  /** The hours in which versions may be installed are not two different times of a day. */
  | "AGENT_WINDOW_INVALID"
  /** No byte arrived for the stall timeout. The bytes so far are kept. */
  | "AGENT_STALLED"
  /** The archive has a link out of itself, a name that leads out, or is too large. Nothing of it is left. */
  | "AGENT_ARCHIVE_INVALID"
  /** The program runs as root, and others may write to the agent's directory or to a directory of the installation. */
  | "AGENT_PLACE_UNSAFE"
  /** This version of Node cannot unpack the archive's compression. */
  | "AGENT_UNSUPPORTED"
  /** The state belongs to another version of dtuf, or is not a state; or another program's file has the name of `current`. */
  | "AGENT_STATE_FOREIGN";

/** Details of an error: the thing, the wanted value, the actual value. Never a secret. */
export type AgentErrorDetails = Readonly<Record<string, string | number>>;

const brand = Symbol.for("dtuf.AgentError");

/**
 * "retry": the same call may succeed later. "attack": an attack is a possible reason. "damage": both, because bytes are not
 * those that were signed. "final": the call fails until somebody changes something.
 */
export type ErrorNature = "retry" | "attack" | "damage" | "final";

/** What each error of this package can mean. */
export const agentNatures: Readonly<Record<AgentErrorCode, ErrorNature>> = {
  AGENT_RELEASE_INVALID: "final",
  AGENT_RELEASE_AMBIGUOUS: "final",
  AGENT_RELEASE_UNKNOWN: "final",
  AGENT_CHANNEL_UNKNOWN: "final",
  AGENT_ROLLOUT_DOWN: "final",
  AGENT_STAGED_DIFFERS: "damage",
  AGENT_NOT_PENDING: "final",
  AGENT_NO_PREDECESSOR: "final",
  AGENT_UNHEALTHY: "final",
  AGENT_HELD: "retry",
  AGENT_WINDOW_INVALID: "final",
  AGENT_STALLED: "retry",
  AGENT_ARCHIVE_INVALID: "attack",
  AGENT_PLACE_UNSAFE: "attack",
  AGENT_UNSUPPORTED: "final",
  AGENT_STATE_FOREIGN: "final",
};

/** What a program decides by. */
export function judge(nature: ErrorNature): { readonly retryable: boolean; readonly security: boolean } {
  return {
    retryable: nature === "retry" || nature === "damage",
    security: nature === "attack" || nature === "damage",
  };
}

/** The only error class of this package. Errors of the copy and of local files are never wrapped. */
export class AgentError extends Error {
  static {
    Object.defineProperty(this.prototype, brand, { value: true });
  }

  override readonly name = "AgentError";
  readonly code: AgentErrorCode;
  readonly details: AgentErrorDetails;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** Whether an attack is a possible reason. */
  readonly security: boolean;

  constructor(code: AgentErrorCode, message: string, more: { details?: AgentErrorDetails; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.details = more.details ?? {};
    const { retryable, security } = judge(agentNatures[code]);
    this.retryable = retryable;
    this.security = security;
  }

  /** True for an AgentError of any copy of this package. */
  static is(value: unknown): value is AgentError {
    return typeof value === "object" && value !== null && brand in value;
  }
}
