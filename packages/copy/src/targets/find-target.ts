/** Finds the signed metadata of a target by its path (TUF 5.6.7). The walk itself is in @dtuf/tuf. */
import { findTarget, type FoundTarget, type TargetPath, type WalkStep } from "@dtuf/tuf";
import { CopyError } from "../errors.ts";
import { frozenCopy } from "../frozen.ts";
import { createRoleLoader, type LoadContext, type LoadedRepository } from "../refresh/loaded-repository.ts";
import type { Site, TargetInfo } from "../sources/source.ts";

export interface FindTargetContext extends LoadContext {
  readonly sites: readonly Site[];
}

/** @throws TufError; CopyError COPY_METADATA_MISSING, COPY_OFFLINE_NOTHING_CACHED */
export async function findTargetInfo(
  loaded: LoadedRepository,
  path: TargetPath,
  context: FindTargetContext,
): Promise<TargetInfo | undefined> {
  const found = await findTarget(loaded.set, path, { load: createRoleLoader(loaded, context) });
  return found === undefined ? undefined : describeTarget(loaded, found, context.sites);
}

function describeTarget({ set, delegated }: LoadedRepository, found: FoundTarget, sites: readonly Site[]): TargetInfo {
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
  loaded: LoadedRepository,
  path: TargetPath,
  context: FindTargetContext,
): Promise<TargetInfo> {
  const target = await findTargetInfo(loaded, path, context);
  if (target !== undefined) return target;
  throw new CopyError("COPY_TARGET_UNKNOWN", `no role lists a target ${JSON.stringify(path)}`, {
    details: { path },
  });
}

export async function explainTarget(
  loaded: LoadedRepository,
  path: TargetPath,
  context: LoadContext,
): Promise<readonly WalkStep[]> {
  const steps: WalkStep[] = [];
  await findTarget(loaded.set, path, {
    load: createRoleLoader(loaded, context),
    trace: (step) => steps.push(step),
  });
  return frozenCopy(steps);
}
