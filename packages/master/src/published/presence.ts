/** Verifies that the registry has the content that new signed metadata names. */
import { findTargetBlobs, roleTag } from "@dtuf/format";
import { forEachConcurrently, OciError, type Digest, type TagName } from "@dtuf/registry";
import type { RoleName, Snapshot, Targets } from "@dtuf/tuf";
import type { StagedTarget } from "../contract.ts";
import type { TargetMap } from "../documents/changes.ts";
import type { Operation } from "../state/operation.ts";

/** @throws OciError OCI_NOT_FOUND */
export async function verifyTargetBlobs(operation: Operation, targets: TargetMap): Promise<void> {
  const { store, signal, concurrency } = operation;
  await forEachConcurrently(targets, concurrency, async ([path, file]) => {
    for (const blob of findTargetBlobs(file) ?? []) {
      if (!(await store.has(blob, { signal }))) throw absent(`a blob of ${path}`, blob.digest);
    }
  });
}

interface Staged {
  readonly changed: readonly StagedTarget[];
  readonly delegated: readonly { readonly document: Targets }[];
}

/**
 * Blobs that were present when their targets were staged may have been deleted since, also by another publisher's
 * prune.
 * @throws OciError OCI_NOT_FOUND
 */
export async function verifyStagedBlobs(operation: Operation, { changed, delegated }: Staged): Promise<void> {
  await verifyTargetBlobs(
    operation,
    new Map(changed.flatMap(({ path, file }) => (file === undefined ? [] : [[path, file] as const]))),
  );
  for (const { document } of delegated) await verifyTargetBlobs(operation, document.targets);
}

interface Promises {
  readonly targets: Targets;
  readonly snapshot: Snapshot;
  /** Delegated roles whose files are part of the new release. */
  readonly files: readonly { readonly name: RoleName }[];
}

/** For a registry that has lost content: verifies each target's blobs and each delegated role's file. */
export async function verifyPromises(operation: Operation, { targets, snapshot, files }: Promises): Promise<void> {
  const { store, signal } = operation;
  await verifyTargetBlobs(operation, targets.targets);
  for (const { name } of targets.delegations?.kind === "listed" ? targets.delegations.roles : []) {
    const version = snapshot.meta.get(`${name}.json`)?.version;
    if (version === undefined || files.some((file) => file.name === name)) continue;
    const tag = roleTag(name, version);
    if ((await store.resolve(tag, { want: "digest", signal })) === undefined) throw absent(`the role ${name}`, tag);
  }
}

function absent(what: string, where: Digest | TagName): OciError {
  return new OciError("OCI_NOT_FOUND", `${what} is not in the registry: ${where}; push it again`, {
    details: { what, where },
  });
}
