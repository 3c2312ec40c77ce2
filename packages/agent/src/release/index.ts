export {
  encodeAgentRelease,
  notesMaxLength,
  parseAgentRelease,
  parseReleaseWord,
  parseReleaseVersion,
  releaseKey,
  type AgentRelease,
} from "./release.ts";
export { encodePlatform, parsePlatform, type ReleasePlatform } from "./platform.ts";
export { changeRollout, revokeRelease } from "./change-release.ts";
export { cohortOf, isInRollout } from "./cohort.ts";
export {
  selectRelease,
  type Machine,
  type PassedOver,
  type PassedOverReason,
  type Selection,
  type SignedRelease,
} from "./select-release.ts";
export { AgentError, type AgentErrorCode, type AgentErrorDetails } from "../errors.ts";
