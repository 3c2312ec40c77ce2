/**
 * How long documents are valid, and how long before their end they are signed again, as the metadata says it: in the
 * fields of tuf-on-ci, in whole days. Those of root and of targets roles are in the signed document itself, those of
 * snapshot and timestamp are with their role in root. They take precedence over the lifetimes of a machine. Pure.
 */
import { isTopLevelRole, type JsonObject, type Root, type Targets, type TopLevelRole } from "@dtuf/tuf";
import type { Periods } from "../contract/keys.ts";
import type { DueRole } from "../contract/status.ts";
import type { Instant } from "./plan.ts";

const expiryField = "x-tuf-on-ci-expiry-period";
const signingField = "x-tuf-on-ci-signing-period";
const dayMs = 86_400_000;

const periodMaxDays = 7320;

export function isPeriods({ expiryDays, signingDays }: Periods): boolean {
  const areWhole = Number.isInteger(expiryDays) && Number.isInteger(signingDays);
  return areWhole && signingDays >= 1 && signingDays < expiryDays && expiryDays <= periodMaxDays;
}

/** A signing period that is missing is half of the other, as for tuf-on-ci. Values out of range count as missing. */
export function findPeriods(fields: JsonObject): Periods | undefined {
  const expiryDays = fields[expiryField];
  if (typeof expiryDays !== "number") return undefined;
  const given = fields[signingField];
  const half = Math.floor(expiryDays / 2);
  const stored = { expiryDays, signingDays: typeof given === "number" ? given : half };
  if (isPeriods(stored)) return stored;
  return isPeriods({ expiryDays, signingDays: half }) ? { expiryDays, signingDays: half } : undefined;
}

/** Returns the same object if it has these periods already. */
export function withPeriods(fields: JsonObject, { expiryDays, signingDays }: Periods): JsonObject {
  if (fields[expiryField] === expiryDays && fields[signingField] === signingDays) return fields;
  return { ...fields, [expiryField]: expiryDays, [signingField]: signingDays };
}

/** Fields beside the periods. Periods that do not count as they are stay. */
export function withoutPeriods(fields: JsonObject): JsonObject {
  const periods = findPeriods(fields);
  if (periods === undefined || withPeriods(fields, periods) !== fields) return fields;
  const { [expiryField]: _expiry, [signingField]: _signing, ...others } = fields;
  return others;
}

/** The documents that name the periods. Those that are missing name none. */
export interface PeriodSources {
  readonly root?: Pick<Root, "roles" | "unrecognized"> | undefined;
  /** Of the role that is asked for: the top-level one, or a delegated one. */
  readonly targets?: Pick<Targets, "unrecognized"> | undefined;
}

/** The periods that the metadata names for a top-level role. Undefined: it names none. */
export function periodsOf(role: TopLevelRole, { root, targets }: PeriodSources): Periods | undefined {
  const fields = {
    root: root?.unrecognized,
    targets: targets?.unrecognized,
    snapshot: root?.roles.snapshot.unrecognized,
    timestamp: root?.roles.timestamp.unrecognized,
  }[role];
  return fields === undefined ? undefined : findPeriods(fields);
}

/** An instant with the lifetimes that count, and how long before its end each role is due. */
export interface Terms extends Instant {
  readonly windowsMs: Readonly<Record<TopLevelRole, number>>;
}

export function termsOf({ now, lifetimesMs }: Instant, sources: PeriodSources): Terms {
  const stored = (role: TopLevelRole): Periods | undefined => periodsOf(role, sources);
  const lifetime = (role: TopLevelRole): number => daysMs(stored(role)?.expiryDays) ?? lifetimesMs[role];
  const window = (role: TopLevelRole): number => daysMs(stored(role)?.signingDays) ?? lifetimesMs[role] / 2;
  return { now, lifetimesMs: ofEach(lifetime), windowsMs: ofEach(window) };
}

function ofEach(value: (role: TopLevelRole) => number): Record<TopLevelRole, number> {
  return {
    root: value("root"),
    targets: value("targets"),
    snapshot: value("snapshot"),
    timestamp: value("timestamp"),
  };
}

function daysMs(days: number | undefined): number | undefined {
  return days === undefined ? undefined : days * dayMs;
}

export type Expiry = Pick<DueRole, "role" | "expires">;

/** The roles that expire within their signing period, or within `withinMs`. The earliest comes first. */
export function dueRoles(roles: readonly Expiry[], { now, windowsMs }: Terms, withinMs?: number): readonly DueRole[] {
  return roles
    .flatMap(({ role, expires }): readonly DueRole[] => {
      const left = expires.getTime() - now.getTime();
      if (left <= 0) return [{ role, expires, state: "expired" }];
      const window = withinMs ?? (isTopLevelRole(role) ? windowsMs[role] : windowsMs.targets);
      return left <= window ? [{ role, expires, state: "soon" }] : [];
    })
    .toSorted((a, b) => a.expires.getTime() - b.expires.getTime());
}
