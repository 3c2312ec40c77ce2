/**
 * The record of a push (docs/format.md, section 12). The machine that signs targets makes it. A machine that only
 * refreshes gets it by another way than the registry, and until the record's `until` it renews the snapshot that the
 * record names and nothing else.
 */
import { digestHex, digestOf } from "@dtuf/registry";
import { signPushRecord, snapshotMetaSha256, TufError, verifyPushRecord, type PushRecord } from "@dtuf/tuf";
import type { RecordOptions, RecordStatus } from "../contract/contract.ts";
import { defaultRecordLifetimeMs } from "../documents/plan.ts";
import { MasterError } from "../errors.ts";
import { clockToleranceMs } from "../limits.ts";
import type { Base } from "../published/base.ts";
import type { Operation } from "../state/operation.ts";
import type { Draft } from "./sign.ts";

export interface MadeRecord {
  readonly record: PushRecord;
  readonly file: Uint8Array;
}

/**
 * Signs the record of a draft as it will be published. @throws MasterError MASTER_KEYS_MISSING,
 * MASTER_PASSPHRASE_WRONG, …
 */
export async function makePushRecord(
  { now, ring }: Operation,
  { root, roots, targets, snapshot }: Draft,
  { lifetimeMs = defaultRecordLifetimeMs }: RecordOptions,
): Promise<MadeRecord> {
  if (!Number.isFinite(lifetimeMs) || lifetimeMs < 1000) throw new TypeError("record.lifetimeMs must be 1000 or more");
  const newest = roots.at(-1);
  if (newest === undefined) throw new TypeError("a release has at least one root");
  const record: PushRecord = {
    made: wholeSeconds(now.getTime()),
    until: wholeSeconds(now.getTime() + lifetimeMs),
    root: { version: newest.version, sha256: sha256Of(newest.bytes) },
    targets: { version: targets.version },
    snapshot: {
      version: snapshot.version,
      sha256: sha256Of(snapshot.bytes),
      metaSha256: snapshotMetaSha256(snapshot.bytes),
    },
  };
  return { record, file: await signPushRecord(record, await ring.signersFor("targets", root)) };
}

/**
 * Returns the record in the caller's file if it matches the base. It saves nothing.
 * @throws MasterError MASTER_RECORD_DUE, MASTER_RECORD_MISMATCH, MASTER_CLOCK_SUSPECT; TufError if the file is not a
 * record
 */
export function openPushRecord(
  { record: state, now }: Pick<Operation, "record" | "now">,
  base: Base,
  { file, clock }: { readonly file: Uint8Array; readonly clock: "checked" | "trusted" },
): PushRecord {
  const record = verifySigned(file, base);
  if (record.until <= now) throw recordDue(record, now);
  if (clock === "checked" && record.made.getTime() > now.getTime() + clockToleranceMs) throw clockBehind(record, now);
  verifyNames(record, base);
  if (state?.pushRecord !== undefined) verifyNotOlder(record, state.pushRecord);
  return record;
}

function verifySigned(file: Uint8Array, { root: { signed } }: Base): PushRecord {
  try {
    return verifyPushRecord(file, { keys: signed.keys, role: signed.roles.targets });
  } catch (cause) {
    if (!TufError.is(cause) || cause.code !== "TUF_THRESHOLD_NOT_MET") throw cause;
    const message = `the record is not signed by the targets keys of the published root ${signed.version}: it belongs to another repository, or was made before or after a change of keys`;
    throw new MasterError("MASTER_RECORD_MISMATCH", message, { details: { version: signed.version }, cause });
  }
}

/** A snapshot with a higher version and the same list is a renewal of the one that the record names. */
function verifyNames(record: PushRecord, { root, targets, snapshot }: Base): void {
  const { version } = snapshot.signed;
  const isRenewal = version > record.snapshot.version;
  const pairs: readonly (readonly [string, number | string, number | string])[] = [
    ["version of the root", record.root.version, root.signed.version],
    ["SHA-256 of the root", record.root.sha256, sha256Of(root.bytes)],
    ["version of targets", record.targets.version, targets.signed.version],
    ["version of the snapshot", record.snapshot.version, isRenewal ? record.snapshot.version : version],
    isRenewal
      ? ["SHA-256 of what the snapshot lists", record.snapshot.metaSha256, snapshotMetaSha256(snapshot.bytes)]
      : ["SHA-256 of the snapshot", record.snapshot.sha256, sha256Of(snapshot.bytes)],
  ];
  for (const [what, wanted, got] of pairs) {
    if (got !== wanted) throw mismatch(`the published ${what} is ${got}; the record has ${wanted}`, wanted, got);
  }
}

/**
 * A record must not be older than the newest one used here, so that replacing the file cannot bring back an older one.
 */
function verifyNotOlder(record: PushRecord, seen: PushRecord): void {
  for (const role of ["root", "targets", "snapshot"] as const) {
    const [wanted, got] = [seen[role].version, record[role].version];
    if (got < wanted)
      throw mismatch(`the record has ${role} ${got}; an earlier record used here has ${wanted}`, wanted, got);
  }
  if (record.snapshot.version > seen.snapshot.version) return;
  if (record.snapshot.sha256 !== seen.snapshot.sha256) {
    const [wanted, got] = [seen.snapshot.sha256, record.snapshot.sha256];
    throw mismatch(`the record's snapshot is ${got}; an earlier record used here has ${wanted}`, wanted, got);
  }
  const [wanted, got] = [seen.until.toISOString(), record.until.toISOString()];
  if (got < wanted)
    throw mismatch(
      `the record is valid until ${got}; an earlier record used here is valid until ${wanted}`,
      wanted,
      got,
    );
}

/** @param withinMs the record counts as "soon" if it ends within this time. Default: half of its lifetime */
export function recordStatusOf({ made, until }: PushRecord, now: Date, withinMs?: number): RecordStatus {
  const left = until.getTime() - now.getTime();
  if (left <= 0) return { until, state: "due" };
  return { until, state: left <= (withinMs ?? (until.getTime() - made.getTime()) / 2) ? "soon" : "good" };
}

function recordDue({ until, snapshot }: PushRecord, now: Date): MasterError {
  const details = { until: until.toISOString(), now: now.toISOString(), snapshot: snapshot.version };
  const message = `the record of snapshot ${snapshot.version} was valid until ${details.until}; it is ${details.now}`;
  return new MasterError("MASTER_RECORD_DUE", message, { details });
}

function clockBehind({ made }: PushRecord, now: Date): MasterError {
  const details = { now: now.toISOString(), knownPast: made.toISOString() };
  const message = `the clock says ${details.now}, but the record was made at ${details.knownPast}`;
  return new MasterError("MASTER_CLOCK_SUSPECT", message, { details });
}

function mismatch(message: string, wanted: number | string, got: number | string): MasterError {
  return new MasterError("MASTER_RECORD_MISMATCH", message, { details: { wanted, got } });
}

function sha256Of(bytes: Uint8Array): string {
  return digestHex(digestOf(bytes));
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
