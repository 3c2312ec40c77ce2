export { createAgent } from "./agent.ts";
export type {
  Agent,
  AgentCall,
  AgentOptions,
  AgentRepository,
  AgentStatus,
  AgentUpdate,
  ApplyOptions,
  CheckOptions,
  CheckResult,
  HeldCall,
  InstallPlace,
  RunOptions,
  UpdateOutcome,
} from "./contract.ts";
export { AgentError, type AgentErrorCode, type AgentErrorDetails } from "./errors.ts";
export type { AgentEvent, RevertReason } from "./events.ts";
export type { InstalledCondition } from "./install/installation.ts";
export type { FilePlace } from "./install/file-installation.ts";
export type { SlotPlace } from "./install/slot-installation.ts";
export type { UnpackLimits } from "./install/archive/entry-rule.ts";
export type { HealthCheck, HealthContext } from "./patience.ts";
export type { InstalledVersion, PendingPhase, PendingVersion } from "./state/agent-state.ts";
export type { ReleasePlatform } from "./release/platform.ts";
export type { AgentRelease } from "./release/release.ts";
export type { PassedOver, PassedOverReason, SignedRelease } from "./release/select-release.ts";
export {
  englishMessages,
  type EventMessageCode,
  type MessageCatalogue,
  type MessageCode,
} from "./messages/catalogue.ts";
export {
  formatMessage,
  messageOfError,
  messageOfEvent,
  messageOfPassedOver,
  type AgentMessage,
} from "./messages/message.ts";
export type { ProblemCode } from "./messages/natures.ts";
export { describeProblem, type AgentProblem, type MessageParameters } from "./messages/problem.ts";
export type { AgentPolicy, HeldStep, Hold, HoldReason } from "./when/hold.ts";
export type { DayWindow } from "./when/window.ts";
export type { AgentCallOutcome, AgentCallTold, AgentEventTold } from "./tracing/traces.ts";
