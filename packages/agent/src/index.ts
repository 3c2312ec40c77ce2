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
  InstallPlace,
} from "./contract.ts";
export { AgentError, type AgentErrorCode, type AgentErrorDetails } from "./errors.ts";
export type { AgentEvent, RevertReason } from "./events.ts";
export type { FilePlace } from "./install/file-installation.ts";
export type { SlotPlace } from "./install/slot-installation.ts";
export type { UnpackLimits } from "./install/unpack-tar.ts";
export type { HealthCheck, HealthContext } from "./patience.ts";
export type { InstalledVersion, PendingPhase, PendingVersion } from "./state/agent-state.ts";
export type { ReleasePlatform } from "./release/platform.ts";
export type { AgentRelease } from "./release/release.ts";
export type { PassedOver, PassedOverReason, SignedRelease } from "./release/select-release.ts";
