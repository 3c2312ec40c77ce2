/** The status: from the published release, verified like a client does, or from the local record only. */
import { OciError } from "@dtuf/registry";
import { parseUnverified, type RoleName, type TopLevelRole } from "@dtuf/tuf";
import { describeStaged } from "./documents/changes.ts";
import type { MasterStatus, OpenProposal, StagedChanges } from "./contract/contract.ts";
import { readSignedTargets } from "./bins/read-bins.ts";
import type { Operation } from "./state/operation.ts";
import { MasterError } from "./errors.ts";
import { openPublished, openRecorded, versionsOf, type Base } from "./published/base.ts";
import { isUnreadable } from "./published/history.ts";
import { latestDigest } from "./published/published.ts";
import { findNewest } from "./published/successors.ts";
import { servedUntil, verifyClock } from "./release/client-view.ts";
import { recordStatusOf } from "./release/push-record.ts";
import { withPublishedRoots } from "./release/record.ts";
import { describeKeyChanges } from "./release/role-keys.ts";
import { listProposals } from "./team/proposals.ts";
import { describeRoles, listDue } from "./team/role-status.ts";
import { withoutPublished } from "./team/settle.ts";

/** Expirations of the top-level roles, then of the delegated ones. */
export async function readExpirations(operation: Operation): Promise<ReadonlyMap<TopLevelRole | RoleName, Date>> {
  const { head, roots, stagedRoots, delegated } = operation.state();
  const root = [...roots, ...stagedRoots].at(-1);
  const records = [
    ["root", root],
    ["targets", head.targets],
    ["snapshot", head.snapshot],
    ["timestamp", head.timestamp],
  ] as const;
  const expirations = new Map<TopLevelRole | RoleName, Date>();
  for (const [role, record] of records) {
    if (record !== undefined)
      expirations.set(role, parseUnverified(await operation.files.readMetadata(record), role).expires);
  }
  for (const { role, expires } of delegated) expirations.set(role, expires);
  return expirations;
}

export async function readStagedChanges(operation: Operation): Promise<StagedChanges> {
  const state = operation.state();
  const staged = await operation.files.readStaged(state);
  const bins = await operation.files.findBins(state);
  return {
    targets: describeStaged(await readSignedTargets(operation, staged.keys()), staged),
    roles: [...(await operation.files.readStagedRoles(state)).keys()],
    roots: state.stagedRoots.map(({ version }) => version),
    keys: describeKeyChanges(await operation.files.readKeyChanges(state)),
    ...(state.stagedPin === undefined ? {} : { newPin: state.stagedPin }),
    ...(bins === undefined ? {} : { bins: bins.count }),
  };
}

interface StatusRequest {
  readonly withinMs?: number | undefined;
  readonly registry?: "check" | "skip" | undefined;
  readonly proposals?: "find" | "skip" | undefined;
  readonly files?: "read" | "skip" | undefined;
  readonly clock?: "checked" | "trusted" | undefined;
}

/** @throws MasterError MASTER_METADATA_MISSING (the details name the published release), MASTER_CLOCK_SUSPECT */
export async function readStatus(
  operation: Operation,
  { withinMs, registry, proposals = "find", files = "read", clock = "checked" }: StatusRequest,
): Promise<MasterStatus> {
  if (operation.record === undefined && registry === "check") await refuseUnknown(operation);
  const { head, roots, published, pushRecord } = operation.state();
  if (clock === "checked") verifyClock(operation);
  const look = registry === "check" ? await lookAtRegistry(operation, files) : unchecked;
  const base = look.base ?? (await openRecorded(operation, undefined));
  const isRead = look.base !== undefined && files === "read";
  const roles = await describeRoles(operation, base, { withinMs, files: isRead ? "read" : "skip" });
  return {
    roles,
    due: listDue(roles),
    staged: await readStagedChanges(isRead ? await withoutPublished(operation, base) : operation),
    versions:
      published === undefined
        ? "never"
        : {
            root: roots.at(-1)?.version ?? 0,
            timestamp: head.timestamp.version,
            snapshot: head.snapshot.version,
            targets: head.targets.version,
          },
    proposals: look.base === undefined || proposals === "skip" ? [] : await findProposals(operation, look.base),
    ...look.told,
    ...(pushRecord === undefined ? {} : { record: recordStatusOf(pushRecord, operation.now, withinMs) }),
  };
}

async function refuseUnknown(operation: Operation): Promise<void> {
  const { place } = operation;
  const published = await latestDigest(operation, "any");
  if (published === undefined) return;
  throw new MasterError(
    "MASTER_METADATA_MISSING",
    `this machine has no metadata of ${place}, but release ${published} is published there`,
    {
      details: { place, published },
    },
  );
}

/** Where tags cannot be listed, no proposal is found. */
async function findProposals(operation: Operation, base: Base): Promise<readonly OpenProposal[]> {
  try {
    return await listProposals(operation, base);
  } catch (error) {
    if (OciError.is(error) && error.code !== "OCI_UNAVAILABLE") return [];
    throw error;
  }
}

interface Look {
  readonly told: Pick<MasterStatus, "registry" | "published" | "refusal">;
  /** The published release, if it was verified. */
  readonly base?: Base;
}

const unchecked: Look = { told: { registry: "unchecked" } };

/** Verifies like a client, from the record's pinned root, and never accepts anything older than the record. */
async function lookAtRegistry(operation: Operation, files: "read" | "skip"): Promise<Look> {
  const state = operation.state();
  try {
    const found = await findNewest(operation, state.unmoved === true ? state.head.timestamp.version : undefined);
    if (found === undefined) return { told: { registry: "absent" } };
    const base =
      files === "skip" && found.release === state.published
        ? await openRecorded(operation, found.release)
        : await openPublished(operation, found, withPublishedRoots(state, found));
    const isOwn = found.release === state.published || found.release === state.attempt?.release;
    return {
      told: {
        registry: isOwn && found.tag === "latest" ? "same" : "newer",
        published: { versions: versionsOf(base), servedUntil: servedUntil(base) },
      },
      base,
    };
  } catch (error) {
    if (!isUnreadable(error) || error.code === "MASTER_STATE_INVALID") throw error;
    const { code, message } = error;
    return {
      told: { registry: code === "MASTER_CHAIN_DIFFERS" ? "other-chain" : "refused", refusal: { code, message } },
    };
  }
}
