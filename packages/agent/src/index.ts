export {
  encodeAgentRelease,
  notesMaxLength,
  parseAgentRelease,
  parseReleaseWord,
  parseReleaseVersion,
  releaseKey,
  type AgentRelease,
} from "./release/release.ts";
export { encodePlatform, parsePlatform, type ReleasePlatform } from "./release/platform.ts";
export { cohortOf, isInRollout } from "./release/cohort.ts";
export {
  selectRelease,
  type Machine,
  type PassedOver,
  type PassedOverReason,
  type Selection,
  type SignedRelease,
} from "./release/select-release.ts";
export { AgentError, type AgentErrorCode, type AgentErrorDetails } from "./errors.ts";
