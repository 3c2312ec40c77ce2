/** Verifies a release like a client before it is sent, so that no release is published that clients would refuse. */
import {
  createTrustedSet,
  parseRoleName,
  topLevelRoles,
  TufError,
  type TopLevelRole,
  type TrustedSet,
} from "@dtuf/tuf";
import type { Base } from "../published/base.ts";
import type { PublishOptions } from "../contract/contract.ts";
import { MasterError } from "../errors.ts";
import { clockToleranceMs } from "../limits.ts";
import { recall } from "../published/base.ts";
import type { Operation } from "../state/operation.ts";
import type { Draft } from "./sign.ts";

/**
 * Verifies that a client that has the base accepts the draft now, by TUF's rules, with the delegated files in it.
 * @returns the instant until which clients accept it if no other release follows
 * @throws MasterError MASTER_ROLE_EXPIRED; TufError
 */
export function verifyTakeable(operation: Operation, base: Base, draft: Draft): Date {
  try {
    const set = openClient(operation, base, draft);
    refresh(set, operation.state().published === undefined ? undefined : base, draft);
    return servedUntil(set);
  } catch (error) {
    throw TufError.is(error) && error.code === "TUF_EXPIRED" ? roleExpired(error) : error;
  }
}

/** The trusted set after all roots of the draft. If a staged root replaces the chain, clients have pinned that root. */
function openClient(operation: Operation, base: Base, draft: Draft): TrustedSet {
  const { stagedPin } = operation.state();
  const replaced = draft.roots.find(({ version }) => version === stagedPin);
  const { version, bytes } = replaced ?? { version: base.root.signed.version, bytes: base.root.bytes };
  const set = createTrustedSet({ root: bytes, now: operation.now });
  for (const root of draft.roots) if (root.version > version) set.updateRoot(root.bytes);
  set.finishRoot();
  return set;
}

/** @param base undefined: no client has it, because nothing was published */
function refresh(set: TrustedSet, base: Base | undefined, draft: Draft): void {
  recall(base?.timestamp.bytes, (file) => set.updateTimestamp(file));
  set.updateTimestamp(draft.timestamp.bytes);
  recall(base?.snapshot.bytes, (file) => set.updateSnapshot(file, "cache"));
  set.updateSnapshot(draft.snapshot.bytes, "source");
  set.updateTargets(draft.targets.bytes);
  const top = parseRoleName("targets");
  for (const { name, bytes, kind, delegator = top } of draft.delegated) {
    if (delegator !== top && set.delegated(delegator) === undefined) continue;
    if (kind === "bin") set.verifyDelegated(name, delegator, bytes);
    else set.updateDelegated(name, delegator, bytes);
  }
}

function roleExpired(cause: TufError): MasterError {
  const { role = "", expires = "", now = "" } = cause.details;
  return new MasterError(
    "MASTER_ROLE_EXPIRED",
    `nothing was published, because no client would accept it: ${String(role)} expired at ${String(expires)}; it is ${String(now)}`,
    { details: { role, expires, now }, cause },
  );
}

/** The instant until which clients accept this release if no other follows. */
export function servedUntil(set: Pick<TrustedSet, TopLevelRole>): Date {
  return new Date(Math.min(...topLevelRoles.map((role) => set[role]?.signed.expires.getTime() ?? 0)));
}

/**
 * "trusted": the clock is right now and was ahead before, so that what the record knows of it is dropped.
 * @throws MasterError MASTER_CLOCK_SUSPECT
 */
export async function settleClock(operation: Operation, clock: PublishOptions["clock"]): Promise<void> {
  if (clock === "trusted") await operation.save({ ...operation.state(), knownPast: undefined });
  else verifyClock(operation);
}

/**
 * With a clock that is behind, new signatures have expired for everybody else, and expired metadata looks valid.
 * @throws MasterError MASTER_CLOCK_SUSPECT if the clock is behind an instant at which this state was written
 */
export function verifyClock({ record, now }: Operation): void {
  const known = record?.knownPast;
  if (known === undefined || now.getTime() >= known.getTime() - clockToleranceMs) return;
  const details = { now: now.toISOString(), knownPast: known.toISOString() };
  throw new MasterError(
    "MASTER_CLOCK_SUSPECT",
    `the clock says ${details.now}, but this state was written at ${details.knownPast}`,
    { details },
  );
}
