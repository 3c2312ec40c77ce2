/** Changes of a release that is published: its rollout, and its end. */
import semver from "semver";
import { AgentError } from "../errors.ts";
import { parseReleaseVersion, type AgentRelease } from "./release.ts";

/**
 * The release with another rollout. A smaller one takes nothing back from machines that have the release.
 * @throws AgentError AGENT_ROLLOUT_DOWN, if a smaller one is not allowed
 */
export function changeRollout(release: AgentRelease, rollout: number, smaller: "allow" | "refuse"): AgentRelease {
  if (rollout < release.rollout && smaller === "refuse") {
    const { name, version } = release;
    throw new AgentError("AGENT_ROLLOUT_DOWN", `${name} ${version} is at ${release.rollout} %; ${rollout} % is less`, {
      details: { name, version, wanted: rollout, got: release.rollout },
    });
  }
  return { ...release, rollout };
}

/** The release as revoked. @throws AgentError AGENT_RELEASE_INVALID, if the version to go back to is not an older one */
export function revokeRelease(release: AgentRelease, rollback: string | undefined): AgentRelease {
  if (rollback !== undefined && !semver.lt(parseReleaseVersion(rollback), release.version)) {
    throw new AgentError("AGENT_RELEASE_INVALID", `${rollback} is not older than ${release.version}`, {
      details: { field: "rollback", wanted: `older than ${release.version}`, got: rollback },
    });
  }
  return { ...release, revoked: true, rollback };
}
