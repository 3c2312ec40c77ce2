/** From a target's path to what signed metadata says of it (TUF 5.6.7): the walk itself is @dtuf/tuf's. */
import { findTarget, type FoundTarget, type TargetPath, type WalkStep } from "@dtuf/tuf";
import { CopyError } from "../errors.ts";
import { frozenCopy } from "../frozen.ts";
import { createRoleLoader, type LoadContext, type Session } from "../refresh/session.ts";
import type { Site, TargetInfo } from "../sources/source.ts";

export interface FindTargetContext extends LoadContext {
  readonly sites: readonly Site[];
}

/** @throws TufError; CopyError COPY_METADATA_MISSING, COPY_OFFLINE_NOTHING_CACHED */
export async function findTargetInfo(
  session: Session,
  path: TargetPath,
  context: FindTargetContext,
): Promise<TargetInfo | undefined> {
  const found = await findTarget(session.set, path, { load: createRoleLoader(session, context) });
  return found === undefined ? undefined : describeTarget(session, found, context.sites);
}

function describeTarget({ set, delegated }: Session, found: FoundTarget, sites: readonly Site[]): TargetInfo {
  const { path, file, role } = found;
  const { length, hashes } = file;
  const version = delegated.get(role)?.version ?? set.targets?.signed.version ?? 1;
  return frozenCopy({
    path,
    length,
    hashes,
    role,
    file,
    blobs: sites[0]?.parts({ file }) ?? [],
    naming: set.root.signed.consistentSnapshot ? "hash-prefixed" : "plain",
    roleVersion: version,
  });
}

/** @throws CopyError COPY_TARGET_UNKNOWN */
export async function requireTarget(
  session: Session,
  path: TargetPath,
  context: FindTargetContext,
): Promise<TargetInfo> {
  const target = await findTargetInfo(session, path, context);
  if (target !== undefined) return target;
  throw new CopyError("COPY_TARGET_UNKNOWN", `no role vouches for a target ${JSON.stringify(path)}`, {
    details: { path },
  });
}

export async function explainTarget(
  session: Session,
  path: TargetPath,
  context: LoadContext,
): Promise<readonly WalkStep[]> {
  const steps: WalkStep[] = [];
  await findTarget(session.set, path, {
    load: createRoleLoader(session, context),
    trace: (step) => steps.push(step),
  });
  return frozenCopy(steps);
}
