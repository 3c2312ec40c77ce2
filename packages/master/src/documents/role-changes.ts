/** Staged changes inside a delegated role's own document: its targets, and the roles that it delegates to. Pure. */
import type { JsonObject, RoleName, Targets } from "@dtuf/tuf";
import { MasterError } from "../errors.ts";
import { applyStaged, encodeStaged, parseTogether, type StagedTargets } from "./changes.ts";
import { isPeriods, termsOf, withPeriods } from "./periods.ts";
import type { Periods } from "../contract/keys.ts";
import { changeDelegations, changePeriods, type KeyChange } from "./key-changes.ts";
import { expiryOf, planTargets, type Instant } from "./plan.ts";
import { encodeStagedBins, parseStagedBins, type StagedBins } from "./staged-bins.ts";
import { applyRoles, encodeStagedRole, parseStagedRole, type StagedRoles } from "./staged-role.ts";

export interface RoleChanges {
  readonly targets: StagedTargets;
  readonly roles: StagedRoles;
  readonly periods?: Periods | undefined;
  readonly bins?: StagedBins | undefined;
}

/** Staged changes of the top-level role. */
export interface TargetsChanges {
  readonly staged: StagedTargets;
  readonly roles: StagedRoles;
  readonly keys: readonly KeyChange[];
}

export const noChanges: RoleChanges = { targets: new Map(), roles: new Map() };

export function isEmpty({ targets, roles, periods, bins }: RoleChanges): boolean {
  return targets.size === 0 && roles.size === 0 && periods === undefined && bins === undefined;
}

interface RoleEdition {
  readonly version: number;
  readonly instant: Instant;
}

/** The role's next document. @throws MasterError MASTER_ROLE_UNKNOWN */
export function planRole(
  previous: Targets | undefined,
  changes: RoleChanges,
  { version, instant }: RoleEdition,
): Targets {
  const delegations = applyRoles(previous?.delegations, changes.roles);
  const targets = applyStaged(previous?.targets ?? new Map(), changes.targets);
  const unrecognized = roleFields(previous, changes);
  const expires = expiryOf("targets", termsOf(instant, { targets: { unrecognized } }));
  const content = { targets, ...(delegations === undefined ? {} : { delegations }) };
  return { ...planTargets(previous, content, { version, expires }), unrecognized };
}

/** The further fields of the role's next document. Returns the same object if nothing changes. */
export function roleFields(previous: Targets | undefined, { periods }: RoleChanges): JsonObject {
  const before = previous?.unrecognized ?? {};
  return periods === undefined ? before : withPeriods(before, periods);
}

/** Targets with the staged changes. Delegations that do not change stay the same object. */
export function planStagedTargets(
  before: Targets,
  { staged, roles, keys }: TargetsChanges,
  { version, instant }: { readonly version: number; readonly instant: Instant },
): Targets {
  const delegations = changeDelegations(applyRoles(before.delegations, roles), keys);
  const targets = applyStaged(before.targets, staged);
  const unrecognized = changePeriods("targets", before.unrecognized, keys);
  const expires = expiryOf("targets", termsOf(instant, { targets: { unrecognized } }));
  const content = { targets, ...(delegations === undefined ? {} : { delegations }) };
  return { ...planTargets(before, content, { version, expires }), unrecognized };
}

export function encodeRoleChanges(role: RoleName, { targets, roles, periods, bins }: RoleChanges): string {
  const more = [
    ...(periods === undefined ? [] : [`,"periods":${JSON.stringify(periods)}`]),
    ...(bins === undefined ? [] : [`,"bins":${encodeStagedBins(bins)}`]),
  ];
  const changed = [...targets].map(([path, change]) => encodeStaged(path, change)).join(",\n");
  const delegated = [...roles].map(([name, change]) => encodeStagedRole(name, change)).join(",\n");
  return `{"role":${JSON.stringify(role)},"targets":[${changed}],"roles":[${delegated}]${more.join("")}}`;
}

/** @throws MasterError MASTER_STATE_INVALID */
export function parseRoleChanges(bytes: Uint8Array, path: string): RoleChanges {
  try {
    const { targets, roles, periods, bins } = JSON.parse(Buffer.from(bytes).toString("utf8")) as Record<
      string,
      unknown
    >;
    if (!Array.isArray(roles)) throw new TypeError("wanted a list");
    const part = (json: unknown): Uint8Array => Buffer.from(JSON.stringify(json));
    return {
      targets: parseTogether(part(targets), path),
      roles: new Map(roles.map((json) => parseStagedRole(part(json), path))),
      ...(periods === undefined ? {} : { periods: parsePeriods(periods as Periods) }),
      ...(bins === undefined ? {} : { bins: parseStagedBins(part(bins), path) }),
    };
  } catch (cause) {
    const message = `${path} is not a list of changes of a role`;
    throw new MasterError("MASTER_STATE_INVALID", message, { details: { path }, cause });
  }
}

function parsePeriods({ expiryDays, signingDays }: Periods): Periods {
  const periods = { expiryDays, signingDays };
  if (!isPeriods(periods)) throw new TypeError("wanted periods");
  return periods;
}
