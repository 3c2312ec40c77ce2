/** Which release a machine gets: a pure rule over what is signed, and what the machine remembers. */
import semver from "semver";
import { AgentError } from "../errors.ts";
import { isInRollout } from "./cohort.ts";
import { encodePlatform, type ReleasePlatform } from "./platform.ts";
import type { AgentRelease } from "./release.ts";

/** A release, the content that is signed with it, and by which keys. */
export interface SignedRelease extends AgentRelease {
  /** In hex. */
  readonly sha256: string;
  /** Whether the offline keys of the top-level targets role signed it. */
  readonly isSignedOffline: boolean;
}

export interface Machine {
  readonly name: string;
  /** At least one. */
  readonly channels: readonly string[];
  readonly platform: ReleasePlatform;
  readonly installId: string;
  /** The installed version; undefined if nothing is installed. */
  readonly installed: string | undefined;
  /** Versions that the user does not want. */
  readonly skipped: ReadonlySet<string>;
  /** Versions that were reverted on this machine. */
  readonly reverted: ReadonlySet<string>;
  /** By SHA-256: when this machine first saw a content published, by its own clock. What is missing is seen now. */
  readonly firstSeen: ReadonlyMap<string, Date>;
  /** How long an ordinary release must have been published before it is installed, in milliseconds. */
  readonly cooldownMs: number;
  readonly now: Date;
  /** A person asked for this check: rollout percentages, skipped and reverted versions do not hold it back. */
  readonly isAsked: boolean;
}

/** Why a release is not installed on this machine. */
export type PassedOverReason = "revoked" | "minimum" | "rollout" | "skipped" | "reverted" | "cooldown";

export interface PassedOver {
  readonly version: string;
  readonly reason: PassedOverReason;
  /** With "cooldown": when it ends. */
  readonly until?: Date;
}

export interface Selection<R extends SignedRelease = SignedRelease> {
  readonly chosen: { readonly release: R; readonly kind: "install" | "upgrade" | "rollback" } | undefined;
  /** Newer releases that this machine does not get now, the newest first. */
  readonly passedOver: readonly PassedOver[];
  /** What is signed of the installed version; undefined if it is not published any more. */
  readonly installed: R | undefined;
}

/**
 * The newest release that the machine may have; a revoked version that names a predecessor leads back to that, unless
 * there is a newer one.
 * @throws AgentError AGENT_RELEASE_UNKNOWN, AGENT_CHANNEL_UNKNOWN, AGENT_RELEASE_AMBIGUOUS
 */
export function selectRelease<R extends SignedRelease>(releases: readonly R[], machine: Machine): Selection<R> {
  const mine = releasesFor(releases, machine);
  const installed = mine.find(({ version }) => machine.installed !== undefined && isSame(version, machine.installed));
  const passedOver: PassedOver[] = [];
  const offered = mine.filter(({ channel }) => machine.channels.includes(channel));
  for (const release of offered) {
    if (machine.installed !== undefined && !semver.gt(release.version, machine.installed)) break;
    const refusal = refusalOf(release, machine);
    if (refusal === undefined) {
      const kind = machine.installed === undefined ? "install" : "upgrade";
      return { chosen: { release, kind }, passedOver, installed };
    }
    passedOver.push({ version: release.version, ...refusal });
    // What was put back has no known version, so an older release could be a downgrade.
    if (machine.installed === undefined && refusal.reason === "reverted") break;
  }
  const release = findRollback(mine, installed, machine);
  return { chosen: release === undefined ? undefined : { release, kind: "rollback" }, passedOver, installed };
}

/** Newest first. @throws AgentError */
function releasesFor<R extends SignedRelease>(releases: readonly R[], machine: Machine): readonly R[] {
  const named = releases.filter(({ name }) => name === machine.name);
  const details = { name: machine.name };
  if (named.length === 0)
    throw new AgentError("AGENT_RELEASE_UNKNOWN", `the repository has no release of ${machine.name}`, { details });
  if (!named.some(({ channel }) => machine.channels.includes(channel))) {
    const channel = machine.channels.join(", ");
    throw new AgentError("AGENT_CHANNEL_UNKNOWN", `no release of ${machine.name} is in the channel ${channel}`, {
      details: { ...details, channel },
    });
  }
  const mine = named.filter(({ platform }) => platform === undefined || isFor(platform, machine.platform));
  const sorted = mine.toSorted((a, b) => semver.compare(b.version, a.version) || specificity(b) - specificity(a));
  sorted.forEach((release, index) => verifyUnique(release, sorted[index + 1]));
  return sorted;
}

const isFor = (a: ReleasePlatform, b: ReleasePlatform): boolean => encodePlatform(a) === encodePlatform(b);
const isSame = (a: string, b: string): boolean => semver.compare(a, b) === 0;
const specificity = ({ platform }: AgentRelease): number => (platform === undefined ? 0 : 1);

/** One version is one release for one machine. A release of its platform stands beside one of every platform. */
function verifyUnique(release: AgentRelease, next: AgentRelease | undefined): void {
  if (next === undefined || !isSame(release.version, next.version) || specificity(release) !== specificity(next))
    return;
  throw new AgentError("AGENT_RELEASE_AMBIGUOUS", `${release.name} ${release.version} is published twice`, {
    details: { name: release.name, version: release.version },
  });
}

function refusalOf(release: SignedRelease, machine: Machine): Omit<PassedOver, "version"> | undefined {
  const { version, minimum } = release;
  if (release.revoked) return { reason: "revoked" };
  if (minimum !== undefined && machine.installed !== undefined && semver.lt(machine.installed, minimum))
    return { reason: "minimum" };
  const isCritical = release.critical && release.isSignedOffline;
  if (!machine.isAsked) {
    if (machine.skipped.has(version)) return { reason: "skipped" };
    if (machine.reverted.has(version)) return { reason: "reverted" };
    if (!isCritical && !isInRollout(release, machine.installId)) return { reason: "rollout" };
  }
  const until = endOfCooldown(release, machine);
  return !isCritical && machine.now < until ? { reason: "cooldown", until } : undefined;
}

/** From the machine's own record or the signed time, the later one: an early clock or a backdated release ends no wait. */
function endOfCooldown({ sha256, published }: SignedRelease, { firstSeen, cooldownMs, now }: Machine): Date {
  if (cooldownMs === 0) return new Date(0);
  const seen = firstSeen.get(sha256) ?? now;
  return new Date(Math.max(seen.getTime(), published.getTime()) + cooldownMs);
}

function findRollback<R extends SignedRelease>(
  mine: readonly R[],
  installed: R | undefined,
  machine: Machine,
): R | undefined {
  const to = installed?.revoked === true ? installed.rollback : undefined;
  if (installed === undefined || to === undefined || semver.gte(to, installed.version)) return undefined;
  const found = mine.find(({ version }) => isSame(version, to));
  if (found === undefined || found.revoked) return undefined;
  return machine.reverted.has(found.version) && !machine.isAsked ? undefined : found;
}
