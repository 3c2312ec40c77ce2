/** Everything that was seen -> the report. */
import { createHash } from "node:crypto";
import type { MasterStatus } from "@dtuf/master";
import type { ReadStore } from "@dtuf/registry";
import { parseRoleName, type TargetPath } from "@dtuf/tuf";
import type { Notebook } from "./asked.ts";
import type { Seen } from "./client-look.ts";
import { readDelegatedRoles, type DelegatedRoles } from "./tree/delegated-roles.ts";
import { describeDelegations } from "./tree/delegations.ts";
import { compareWithEarlier } from "./earlier.ts";
import { targetsMax, waitingMax } from "./limits.ts";
import { cut, listFirst, type Changes, type ReleaseFacts, type StatusReport, type TargetsFacts } from "./report.ts";
import { describeKeys, describeRecordedRoles, describeRoles, listAuthorities } from "./roles.ts";
import { listTargets } from "./targets.ts";
import { judge, type Failure } from "./verdict.ts";
import { walkTo } from "./walks.ts";

export interface Gathered {
  readonly place: string;
  readonly repo: string;
  readonly program: string;
  readonly now: Date;
  /** What a client sees; undefined if nothing could be verified. */
  readonly seen: Seen | undefined;
  readonly failure: Failure | undefined;
  /** Of the publisher, if there is one here. */
  readonly status: MasterStatus | undefined;
  /** What waits on the publisher's side, a line each. */
  readonly waiting: Iterable<string>;
  readonly notebook: Notebook;
  /** For the earlier release. Undefined: it is not looked for. */
  readonly store: ReadStore | undefined;
  readonly withinMs: number | undefined;
  /** A name that was asked for. */
  readonly asked: TargetPath | undefined;
  readonly signal: AbortSignal;
}

const nothing = { shown: [], more: 0 } as const;

export async function createReport(gathered: Gathered): Promise<StatusReport> {
  const { seen, status, place, now, waiting, notebook } = gathered;
  const described = seen === undefined ? describeUnseen(gathered) : await describeSeen(seen, gathered);
  return {
    ...{ place, at: now, view: status === undefined ? "client" : "publisher" },
    verdict: judge({ ...gathered, roles: described.roles }),
    ...described,
    registry: notebook.list(),
    waiting: listFirst(Array.from(waiting, cut), waitingMax),
  };
}

type Described = Pick<StatusReport, "release" | "pin" | "roles" | "keys" | "delegations" | "targets" | "changes">;

function describeUnseen({ status }: Gathered): Described {
  return {
    roles: status === undefined ? nothing : describeRecordedRoles(status),
    keys: nothing,
    delegations: nothing,
    targets: { ...nothing, bins: 0 },
    changes: { why: "nothing could be verified", lines: nothing },
  };
}

async function describeSeen(seen: Seen, gathered: Gathered): Promise<Described> {
  const { set, pin } = seen;
  const roles = await readDelegatedRoles(seen);
  const top = parseRoleName("targets");
  return {
    release: describeRelease(seen),
    pin: { version: pin.version, sha256: sha256(pin.bytes) },
    roles: describeRoles(set, roles.read, gathered),
    keys: describeKeys(listAuthorities(set, roles.read)),
    delegations: describeDelegations(set.targets?.signed.delegations, { find: roles.find, above: [top] }),
    targets: await describeTargets(seen, roles, gathered),
    changes: await describeChanges(seen, gathered),
  };
}

function describeRelease({ set }: Seen): ReleaseFacts {
  return {
    root: set.root.signed.version,
    timestamp: set.timestamp?.signed.version ?? 0,
    snapshot: set.snapshot?.signed.version ?? 0,
    targets: set.targets?.signed.version ?? 0,
    snapshotSha256: sha256(set.snapshot?.bytes ?? new Uint8Array()),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function describeTargets(
  seen: Seen,
  { read, bins }: DelegatedRoles,
  { now, asked }: Gathered,
): Promise<TargetsFacts> {
  const listed = await listTargets(seen, { read, now, most: targetsMax });
  const walk = asked === undefined ? undefined : await walkTo(asked, { ...seen, now });
  return { ...listed, bins, ...(walk === undefined ? {} : { asked: walk }) };
}

async function describeChanges(seen: Seen, { store, notebook, now, signal }: Gathered): Promise<Changes> {
  if (store === undefined) return { why: "the registry was not asked", lines: nothing };
  return compareWithEarlier(seen, { store, notebook, now, signal });
}
