/**
 * Puts artifacts into the store: blobs first, then the manifest that refers to them, with its tags. It can be repeated
 * safely.
 */
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
import {
  emptyConfig,
  forEachConcurrently,
  OciError,
  type Digest,
  type ManifestContent,
  type TagName,
} from "@dtuf/registry";
import { isSameTarget, type TargetMap } from "../documents/changes.ts";
import type { DelegatedFile } from "../documents/delegated-file.ts";
import { unknownBlobRetries } from "../limits.ts";
import type { Operation } from "../state/operation.ts";
import type { Draft } from "./sign.ts";

export type Uploader = Pick<Operation, "store" | "signal" | "concurrency">;

/** Blobs that are being uploaded, were uploaded or are stored, so that blobs that artifacts share are uploaded once. */
export type Sent = Map<Digest, Promise<void>>;

export function createSent(stored: Iterable<Digest>): Sent {
  return new Map([...stored].map((digest) => [digest, Promise.resolve()]));
}

/**
 * A registry may refuse the manifest because it does not know a blob: while the blob is uploaded again, for example by
 * another publisher (docker-registry rewrites its link to the blob), or if a blob that `sent` says is stored is lost.
 * Then everything is put again.
 */
export async function putArtifact(uploader: Uploader, artifact: Artifact, sent: Sent = new Map()): Promise<void> {
  for (let again = 0; ; again++) {
    try {
      return await putOnce(uploader, artifact, again === 0 ? { sent, presence: "absent" } : putAll());
    } catch (error) {
      if (again >= unknownBlobRetries || !isBlobUnknown(error)) throw error;
    }
  }
}

function isBlobUnknown(error: unknown): boolean {
  const codes = OciError.is(error) ? error.details["registryCodes"] : undefined;
  return Array.isArray(codes) && codes.includes("MANIFEST_BLOB_UNKNOWN");
}

interface Putting {
  readonly sent: Sent;
  /** Metadata was just signed, so that the registry cannot have it. */
  readonly presence: "absent" | "check";
}

const putAll = (): Putting => ({ sent: new Map(), presence: "check" });

async function putOnce(
  { store, signal, concurrency }: Uploader,
  artifact: Artifact,
  { sent, presence: signed }: Putting,
): Promise<void> {
  await forEachConcurrently(artifact.blobs, concurrency, async ({ descriptor, bytes }) => {
    signal?.throwIfAborted();
    const presence = descriptor.digest === emptyConfig.digest ? "check" : signed;
    const sending = sent.get(descriptor.digest) ?? store.put(descriptor, bytes, { signal, presence });
    sent.set(descriptor.digest, sending);
    await sending;
  });
  const { descriptor, bytes } = artifact.manifest;
  await store.put(descriptor, bytes, { signal, tags: artifact.tags });
}

export async function putArtifacts(uploader: Uploader, artifacts: Iterable<Artifact>, sent: Sent): Promise<void> {
  const { concurrency } = uploader;
  await forEachConcurrently(artifacts, concurrency, (artifact) =>
    putArtifact({ ...uploader, concurrency: 1 }, artifact, sent),
  );
}

/**
 * The owner manifests, which protect the blobs of a draft's targets from the registry's garbage collection. Those that
 * the registry has already are left out.
 */
export function* ownerManifestsOf(draft: Draft, before: TargetMap | undefined): Iterable<Artifact> {
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

/** The manifests of a delegated role: of each target, if they have their own, and of the role. */
export function* roleArtifacts(file: DelegatedFile): Iterable<Artifact> {
  const { name, version, bytes, document, published } = file;
  const { targets } = document;
  const owner = targetKeeper(targets, file.kind ?? "role");
  const kept = published !== undefined && targetKeeper(published, "role") === "target" ? published : undefined;
  for (const [path, file] of owner === "target" ? targets : []) {
    if (isSameTarget(kept?.get(path), file)) continue;
    const artifact = encodeTarget(path, file);
    if (artifact !== undefined) yield artifact;
  }
  yield* encodeRole({ name, version, metadata: bytes, keeps: owner === "role" ? targets : undefined });
}

/** Whether the registry refuses, because the tag names another manifest and may not be moved. */
export async function isTagFixed(put: () => Promise<void>): Promise<boolean> {
  try {
    await put();
    return false;
  } catch (error) {
    if (OciError.is(error) && error.code === "OCI_TAG_IMMUTABLE") return true;
    throw error;
  }
}

/** Puts a manifest that the registry has under one more tag. Its bytes are known, so they are not asked for first. */
export function moveTag(
  { store, signal }: Pick<Operation, "store" | "signal">,
  tag: TagName,
  { descriptor, bytes }: ManifestContent,
): Promise<void> {
  return store.put(descriptor, bytes, { signal, tags: [tag] });
}

/** Docker's clients look for a delegated role under its plain name. Where tags are immutable it stays at the first version. */
export async function moveSecondTags(
  operation: Operation,
  roles: readonly (Pick<DelegatedFile, "name" | "version"> | DelegatedFile)[],
): Promise<void> {
  const { store, signal } = operation;
  for (const role of roles) {
    const { name, version } = role;
    const tag = plainRoleTag(name);
    if (tag === undefined) continue;
    const sent = "document" in role ? manifestOf(role) : undefined;
    const found = sent ?? (await store.resolve(roleTag(name, version), { want: "bytes", signal }));
    const { descriptor, bytes } = found ?? {};
    if (descriptor === undefined) continue;
    await isTagFixed(() =>
      bytes === undefined ? store.tag(tag, descriptor, { signal }) : moveTag(operation, tag, { descriptor, bytes }),
    );
  }
}

/** The role's manifest, as it was put. */
function manifestOf(role: DelegatedFile): ManifestContent | undefined {
  const tag = roleTag(role.name, role.version);
  for (const { manifest, tags } of roleArtifacts(role)) if (tags.includes(tag)) return manifest;
  return undefined;
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
