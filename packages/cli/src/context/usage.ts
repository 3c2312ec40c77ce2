/** What the person at the keyboard got wrong: exit status 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  readonly code: UsageCode = "USAGE";
  /** The command that would be right, or where to look. */
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

export type UsageCode = "USAGE" | AgentUsageErrorCode;

export type AgentUsageErrorCode =
  /** A file of settings has a mistake, or names a program that cannot be started. */
  | "AGENT_CONFIG_INVALID"
  /** A line is not a command, or lacks what the command needs. */
  | "AGENT_COMMAND_INVALID"
  /** There is no such command. */
  | "AGENT_COMMAND_UNKNOWN"
  /** More commands than may wait. */
  | "AGENT_BUSY";

/** What is wrong in an agent's settings, or in a command to an agent. */
export class AgentUsageError extends UsageError {
  override readonly name = "AgentUsageError";
  override readonly code: AgentUsageErrorCode;

  constructor(code: AgentUsageErrorCode, message: string, hint?: string) {
    super(message, hint);
    this.code = code;
  }
}
