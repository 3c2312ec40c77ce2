/** What `status` tells of each role: its document, who may sign it, who did, and whether it is due. */
import {
  findAuthority,
  parseUnverified,
  topLevelRoles,
  type Authority,
  type RoleName,
  type TopLevelRole,
} from "@dtuf/tuf";
import { findPeriods, periodsOf, termsOf, type Terms } from "../documents/periods.ts";
import type { Periods } from "../contract/keys.ts";
import { roleFilesMax } from "../limits.ts";
import { openRecorded, type Base } from "../published/base.ts";
import { readable } from "../published/history.ts";
import { readRoleFile } from "../published/role-file.ts";
import { readDelegated } from "../release/delegated-expiry.ts";
import { dueRoles } from "../documents/periods.ts";
import type { Operation } from "../state/operation.ts";
import type { DueRole, RoleStatus } from "../contract/status.ts";
import { describeNeeds } from "./rules/needs.ts";
import { keyLine } from "./rules/summary.ts";

interface Description {
  readonly withinMs: number | undefined;
  /** "skip": no file of a delegated role is read, so that no request is made. */
  readonly files: "read" | "skip";
}

/** The top-level roles of the base, then those that its targets role lists. */
export async function describeRoles(
  operation: Operation,
  base: Base,
  { withinMs, files }: Description,
): Promise<readonly RoleStatus[]> {
  const [root, targets] = [base.root.signed, base.targets.signed];
  const terms = termsOf(operation, { root, targets });
  const described = topLevelRoles.map((role): RoleStatus => {
    const { signed, bytes } = base[role];
    const by = { keys: root.keys, role: root.roles[role] };
    const periods = periodsOf(role, { root, targets });
    return describe({ role, version: signed.version, expires: signed.expires, bytes, by, periods }, terms, withinMs);
  });
  return [...described, ...(await describeDelegated(operation, base, { withinMs, files }))];
}

async function describeDelegated(
  operation: Operation,
  base: Base,
  { withinMs, files }: Description,
): Promise<readonly RoleStatus[]> {
  const [targets, snapshot] = [base.targets.signed, base.snapshot.signed];
  const records =
    files === "read" ? await readDelegated(operation, { targets, snapshot, files: [] }) : operation.state().delegated;
  const described: RoleStatus[] = [];
  for (const [at, { role, version, expires }] of records.entries()) {
    const by = findAuthority(targets.delegations, role);
    if (by === undefined) continue;
    const bytes = files === "read" && at < roleFilesMax ? await findRoleFile(operation, base, role) : undefined;
    const fields = bytes === undefined ? {} : parseUnverified(bytes, "targets").unrecognized;
    const terms = termsOf(operation, { targets: { unrecognized: fields } });
    const document = { role, version, expires, bytes, by, periods: findPeriods(fields) };
    described.push(describe(document, terms, withinMs));
  }
  return described;
}

async function findRoleFile(operation: Operation, base: Base, role: RoleName): Promise<Uint8Array | undefined> {
  const meta = base.snapshot.signed.meta.get(`${role}.json`);
  return meta === undefined ? undefined : readable(() => readRoleFile(operation, meta));
}

interface SignedDocument {
  readonly role: TopLevelRole | RoleName;
  readonly version: number;
  readonly expires: Date;
  readonly bytes: Uint8Array | undefined;
  readonly by: Authority;
  readonly periods: Periods | undefined;
}

function describe(
  { role, version, expires, bytes, by, periods }: SignedDocument,
  terms: Terms,
  withinMs: number | undefined,
): RoleStatus {
  const [due] = dueRoles([{ role, expires }], terms, withinMs);
  const signed = bytes === undefined ? [] : describeNeeds([{ role, version, bytes, needs: [{ of: role, by }] }]);
  return {
    ...{ role, version, expires, state: due?.state ?? "good", threshold: by.role.threshold },
    keys: by.role.keyIds.flatMap((keyId) => {
      const key = by.keys.get(keyId);
      return key === undefined ? [] : [keyLine(key)];
    }),
    ...(signed[0] === undefined ? {} : { signed: signed[0].signed }),
    ...(periods === undefined ? {} : { periods }),
  };
}

export async function listPeriods(operation: Operation): Promise<ReadonlyMap<TopLevelRole, Periods>> {
  if (operation.record === undefined) return new Map();
  const base = await openRecorded(operation, undefined);
  const sources = { root: base.root.signed, targets: base.targets.signed };
  return new Map(
    topLevelRoles.flatMap((role) => {
      const periods = periodsOf(role, sources);
      return periods === undefined ? [] : [[role, periods] as const];
    }),
  );
}

/** Those that are due. The earliest comes first. */
export function listDue(roles: readonly RoleStatus[]): readonly DueRole[] {
  return roles
    .flatMap(({ role, expires, state }) => (state === "good" ? [] : [{ role, expires, state }]))
    .toSorted((a, b) => a.expires.getTime() - b.expires.getTime());
}
