/** Verifies that the registry has the content that new signed metadata names. */
import { encodeTarget, findStoredBlobs, roleTag, targetKeeper } from "@dtuf/format";
import { forEachConcurrently, OciError, type Digest, type TagName } from "@dtuf/registry";
import { binNames, type RoleName, type Snapshot, type TargetPath, type Targets } from "@dtuf/tuf";
import type { StagedTarget } from "../contract/contract.ts";
import { isSameTarget, type TargetMap } from "../documents/changes.ts";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import type { Operation } from "../state/operation.ts";
import { taggedDigest } from "./published.ts";

/** @throws OciError OCI_NOT_FOUND */
export async function verifyTargetBlobs(operation: Operation, targets: TargetMap): Promise<void> {
  const { store, signal, concurrency } = operation;
  const blobs = [...targets].flatMap(([path, file]) => (findStoredBlobs(file) ?? []).map((blob) => ({ path, blob })));
  const distinct = new Map(blobs.map(({ path, blob }) => [blob.digest, { path, blob }]));
  await forEachConcurrently(distinct.values(), concurrency, async ({ path, blob }) => {
    if (!(await store.has(blob, { signal }))) throw absent(`a blob of ${path}`, blob.digest);
  });
}

interface Staged {
  readonly targetsDocument: Targets;
  readonly changed: readonly StagedTarget[];
  readonly delegated: readonly Pick<DelegatedFile, "document" | "published" | "kind">[];
}

/**
 * Blobs that were present when their targets were staged may have been deleted since, also by another publisher's
 * prune. One request for each target shows it: while the registry has the target's own manifest under its tag, no garbage
 * collection takes the blobs, and a prune deletes the manifest before them. Without the manifest each blob is looked for.
 * @returns the tags of the manifests that the registry has, which need not be put again
 * @throws OciError OCI_NOT_FOUND
 */
export async function verifyStagedBlobs(operation: Operation, staged: Staged): Promise<ReadonlySet<TagName>> {
  const kept = new Set<TagName>();
  for (const { targets, keeper } of stagedTargets(staged)) {
    const tags = keeper === "target" ? await findKept(operation, targets) : nothing;
    for (const tag of tags.values()) kept.add(tag);
    await verifyTargetBlobs(operation, new Map([...targets].filter(([path]) => !tags.has(path))));
  }
  return kept;
}

/**
 * The same once more, when the release has its tag and before `latest` names it. A prune lists the tags again when it has deleted the
 * manifests and before it deletes blobs: it sees the release, or its manifests are missing here.
 * @throws OciError OCI_NOT_FOUND
 */
export async function verifyStagedManifests(operation: Operation, staged: Staged): Promise<void> {
  for (const { targets, keeper } of stagedTargets(staged)) {
    if (keeper !== "target") continue;
    const kept = await findKept(operation, targets);
    for (const [path, file] of targets) {
      const [tag] = encodeTarget(path, file)?.tags ?? [];
      if (tag !== undefined && !kept.has(path)) throw absent(`the manifest of ${path}`, tag);
    }
  }
}

function stagedTargets({
  targetsDocument,
  changed,
  delegated,
}: Staged): readonly { readonly targets: TargetMap; readonly keeper: ReturnType<typeof targetKeeper> }[] {
  const put = new Map(
    changed.flatMap(({ path, file }) =>
      file !== undefined && file === targetsDocument.targets.get(path) ? [[path, file] as const] : [],
    ),
  );
  return [
    { targets: put, keeper: targetKeeper(targetsDocument.targets, "role") },
    ...delegated.map((role) => ({
      targets: changedOf(role),
      keeper: targetKeeper(role.document.targets, role.kind ?? "role"),
    })),
  ];
}

/** The targets that the role's published document does not have. */
function changedOf({ document, published }: Staged["delegated"][number]): TargetMap {
  return new Map([...document.targets].filter(([path, file]) => !isSameTarget(published?.get(path), file)));
}

/** The targets of which the registry has the very manifest that would be put, with its tag. */
async function findKept(operation: Operation, targets: TargetMap): Promise<ReadonlyMap<TargetPath, TagName>> {
  const kept = new Map<TargetPath, TagName>();
  await forEachConcurrently(targets, operation.concurrency, async ([path, file]) => {
    const { manifest, tags = [] } = encodeTarget(path, file) ?? {};
    for (const tag of tags) {
      if ((await taggedDigest(operation, tag, "any")) === manifest?.descriptor.digest) kept.set(path, tag);
    }
  });
  return kept;
}

const nothing: ReadonlyMap<TargetPath, TagName> = new Map();

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
  await verifyBins(operation, { targets, snapshot, files });
  for (const { name } of targets.delegations?.kind === "listed" ? targets.delegations.roles : []) {
    const version = snapshot.meta.get(`${name}.json`)?.version;
    if (version === undefined || files.some((file) => file.name === name)) continue;
    const tag = roleTag(name, version);
    if ((await store.resolve(tag, { want: "digest", signal })) === undefined) throw absent(`the role ${name}`, tag);
  }
}

async function verifyBins(
  operation: Operation,
  { targets: { delegations }, snapshot, files }: Promises,
): Promise<void> {
  if (delegations?.kind !== "succinct") return;
  const { store, signal, concurrency } = operation;
  const signed = new Set(files.map(({ name }) => name));
  await forEachConcurrently(binNames(delegations.succinct), concurrency, async (name) => {
    const version = snapshot.meta.get(`${name}.json`)?.version;
    if (version === undefined || signed.has(name)) return;
    const tag = roleTag(name, version);
    if ((await store.resolve(tag, { want: "digest", signal })) === undefined) throw absent(`the bin ${name}`, tag);
  });
}

function absent(what: string, where: Digest | TagName): OciError {
  return new OciError("OCI_NOT_FOUND", `${what} is not in the registry: ${where}; push it again`, {
    details: { what, where },
  });
}
