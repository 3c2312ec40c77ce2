/** Puts artifacts into the store: blobs first, then the manifest that keeps them, with its tags. Repeating is harmless. */
import {
  encodeRelease,
  encodeRole,
  encodeTarget,
  encodeTopLevelKeepers,
  metadataFileName,
  plainRoleTag,
  roleTag,
  targetKeeper,
  type Artifact,
} from "@dtuf/format";
import type { Digest } from "@dtuf/registry";
import type { TargetMap } from "./changes.ts";
import { forEachConcurrently } from "./concurrency.ts";
import type { DelegatedFile } from "./delegate.ts";
import type { Session } from "./session.ts";
import type { Draft } from "./sign.ts";

type Uploader = Pick<Session, "store" | "signal" | "concurrency">;

export async function putArtifact({ store, signal, concurrency }: Uploader, artifact: Artifact): Promise<void> {
  await forEachConcurrently(artifact.blobs, concurrency, async ({ descriptor, bytes }) => {
    signal?.throwIfAborted();
    await store.put(descriptor, bytes, { signal });
  });
  const { descriptor, bytes } = artifact.manifest;
  await store.put(descriptor, bytes, { signal, tags: artifact.tags });
}

/**
 * Blobs that artifacts share, the empty config above all, are put once: distribution's registries rewrite the file by which
 * a repository finds a blob when it is put again, and a manifest that arrives in that moment is refused.
 */
export async function putArtifacts(
  { store, signal, concurrency }: Uploader,
  artifacts: Iterable<Artifact>,
): Promise<void> {
  const puts = new Map<Digest, Promise<void>>();
  await forEachConcurrently(artifacts, concurrency, async ({ blobs, manifest, tags }) => {
    signal?.throwIfAborted();
    for (const { descriptor, bytes } of blobs) {
      const put = puts.get(descriptor.digest) ?? store.put(descriptor, bytes, { signal });
      puts.set(descriptor.digest, put);
      await put;
    }
    await store.put(manifest.descriptor, manifest.bytes, { signal, tags });
  });
}

/** The manifests that keep the targets of a draft from the registry's garbage collection, as far as they may be missing. */
export function* keepersOf(draft: Draft, before: TargetMap | undefined): Iterable<Artifact> {
  const { targets } = draft.targetsDocument;
  if (targetKeeper(targets, "role") === "role") {
    if (draft.renewed.includes("targets")) yield* encodeTopLevelKeepers(draft.versions.targets, targets);
    return;
  }
  const kept = before !== undefined && targetKeeper(before, "role") === "target" ? before : undefined;
  for (const [path, file] of targets) {
    if (kept?.get(path) === file) continue;
    const artifact = encodeTarget(path, file);
    if (artifact !== undefined) yield artifact;
  }
}

/** A delegated role's targets' manifests, where they have their own, and the role's. */
export function* roleArtifacts({ name, version, bytes, document: { targets } }: DelegatedFile): Iterable<Artifact> {
  const keeper = targetKeeper(targets, "role");
  for (const [path, file] of keeper === "target" ? targets : []) {
    const artifact = encodeTarget(path, file);
    if (artifact !== undefined) yield artifact;
  }
  yield* encodeRole({ name, version, metadata: bytes, keeps: keeper === "role" ? targets : undefined });
}

/** Docker's clients look for a delegated role under its plain name. */
export async function moveSecondTags(
  { store, signal }: Session,
  roles: readonly Pick<DelegatedFile, "name" | "version">[],
): Promise<void> {
  for (const { name, version } of roles) {
    const tag = plainRoleTag(name);
    const found =
      tag === undefined ? undefined : await store.resolve(roleTag(name, version), { want: "digest", signal });
    if (tag !== undefined && found !== undefined) await store.tag(tag, found.descriptor, { signal });
  }
}

export function releaseOf(draft: Draft, predecessor: Digest | undefined): Artifact {
  return encodeRelease({
    files: [
      ...draft.roots.map(({ version, bytes }) => ({ name: metadataFileName("root", version), bytes })),
      { name: metadataFileName("snapshot", draft.snapshot.version), bytes: draft.snapshot.bytes },
      { name: metadataFileName("targets", draft.targets.version), bytes: draft.targets.bytes },
      { name: metadataFileName("timestamp"), bytes: draft.timestamp.bytes },
    ],
    timestampVersion: draft.versions.timestamp,
    predecessor,
  });
}
