/**
 * The releases that a registry still has. They are read without verification, because they only say what may be
 * deleted, and the registry's operator can delete anything anyway. The verified current release says what must stay.
 */
import { forEachConcurrently, OciError, parseTag, type Descriptor, type Digest, type TagName } from "@dtuf/registry";
import {
  findStoredBlobs,
  FormatError,
  metadataFileName,
  parseRelease,
  parseRole,
  releaseTag,
  rolePartTag,
  roleTag,
  targetTag,
} from "@dtuf/format";
import { defaultLimits, isTopLevelRole, parseRoleName, parseUnverified, TufError, type Snapshot } from "@dtuf/tuf";
import type { TargetMap } from "../documents/changes.ts";
import { MasterError } from "../errors.ts";
import { readPublished } from "./published.ts";
import type { Operation } from "../state/operation.ts";

export interface ShownRelease {
  readonly version: number;
  /** Those of its number and of the numbers that it took too. */
  readonly tags: readonly TagName[];
  readonly digest: Digest;
  readonly files: ReadonlyMap<string, Descriptor>;
  /** The instant at which its timestamp expires. */
  readonly expires: Date;
  readonly snapshotVersion: number;
}

/**
 * The content that readers of a release need. A role's owner manifests can be split in parts; only the first part's tag
 * is listed (`firstPart`).
 */
export interface Needs {
  readonly tags: ReadonlySet<TagName>;
  readonly blobs: ReadonlyMap<Digest, number>;
}

/** Returns undefined if there is no such release, or if it cannot be parsed as one. */
export async function findRelease(operation: Operation, version: number): Promise<ShownRelease | undefined> {
  const tag = releaseTag(version);
  const found = await operation.store.resolve(tag, { want: "bytes", signal: operation.signal });
  if (found?.bytes === undefined) return undefined;
  const { bytes } = found;
  return readable(async () => {
    const { files } = parseRelease(bytes);
    const file = { name: metadataFileName("timestamp"), maxBytes: defaultLimits.timestampMaxBytes };
    const { expires, snapshot } = parseUnverified(await readPublished(operation, { files }, file), "timestamp");
    return { version, tags: [tag], digest: found.descriptor.digest, files, expires, snapshotVersion: snapshot.version };
  });
}

/** Returns undefined for damaged or foreign content. A registry that is down is an error. */
export async function readable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** True if the content is at fault, and not the transfer. */
export function isUnreadable(error: unknown): error is TufError | FormatError | MasterError | OciError {
  if (TufError.is(error) || FormatError.is(error) || MasterError.is(error)) return true;
  return OciError.is(error) && unreadable.has(error.code);
}

const unreadable: ReadonlySet<string> = new Set([
  "OCI_DIGEST_MISMATCH",
  "OCI_SIZE_MISMATCH",
  "OCI_LIMIT_EXCEEDED",
  "OCI_MANIFEST_INVALID",
  "OCI_NOT_FOUND",
]);

/** Reads releases that share most of their metadata; each file is read once. */
export interface NeedsReader {
  /** @throws MasterError MASTER_METADATA_UNAVAILABLE, TufError, … if any of it cannot be read */
  needsOf(release: ShownRelease): Promise<Needs>;
}

export function createNeedsReader(operation: Operation): NeedsReader {
  const roles = new Map<string, Promise<Needs>>();

  function once(key: string, read: () => Promise<Needs>): Promise<Needs> {
    const known = roles.get(key) ?? read();
    roles.set(key, known);
    return known;
  }

  async function needsOf(release: ShownRelease): Promise<Needs> {
    const { files, tags } = release;
    const snapshot = await readShownSnapshot(operation, release);
    const parts: Needs[] = [{ tags: new Set(tags), blobs: sizes(files.values()) }];
    await forEachConcurrently(rolesOf(snapshot), operation.concurrency, async ([role, version]) => {
      const key =
        role === "targets" ? (files.get(metadataFileName(role, version))?.digest ?? "") : `${version}.${role}`;
      parts.push(await once(key, () => roleNeeds(operation, release, { role, version })));
    });
    return merge(parts);
  }

  return { needsOf };
}

export async function readShownSnapshot(operation: Operation, release: ShownRelease): Promise<Snapshot> {
  const name = metadataFileName("snapshot", release.snapshotVersion);
  const bytes = await readPublished(operation, release, { name, maxBytes: defaultLimits.snapshotMaxBytes });
  return parseUnverified(bytes, "snapshot");
}

export function* rolesOf({ meta }: Snapshot): Iterable<readonly [string, number]> {
  for (const [name, { version }] of meta) if (name.endsWith(".json")) yield [name.slice(0, -".json".length), version];
}

async function roleNeeds(
  operation: Operation,
  release: ShownRelease,
  { role, version }: { readonly role: string; readonly version: number },
): Promise<Needs> {
  const topLevel = isTopLevelRole(role);
  const name = metadataFileName(role, version);
  const files = topLevel ? release.files : await readRoleFiles(operation, role, version);
  const bytes = await readPublished(operation, { files }, { name, maxBytes: defaultLimits.targetsMaxBytes });
  const own = topLevel ? [] : [roleTag(parseRoleName(role), version)];
  return merge([
    { tags: new Set(own), blobs: topLevel ? new Map() : sizes(files.values()) },
    targetNeeds(parseUnverified(bytes, "targets").targets, [
      rolePartTag(topLevel ? "targets" : parseRoleName(role), version, 1),
    ]),
  ]);
}

export async function readRoleFiles(
  operation: Operation,
  role: string,
  version: number,
): Promise<ShownRelease["files"]> {
  const tag = roleTag(parseRoleName(role), version);
  const found = await operation.store.resolve(tag, { want: "bytes", signal: operation.signal });
  if (found?.bytes !== undefined) return parseRole(found.bytes).files;
  throw new MasterError("MASTER_METADATA_UNAVAILABLE", `${tag} is not in the registry`, { details: { tag } });
}

/** Maps the tag of any part of a role's owner manifests to the tag of the first part. */
export function firstPart(tag: TagName): TagName {
  return parseTag(tag.replace(/^(meta\.[0-9]+)-[0-9]+\./, "$1-1."));
}

/** @param owners tags of owner manifests of the targets' blobs, in addition to the targets' own manifests */
export function targetNeeds(targets: TargetMap, owners: Iterable<TagName> = []): Needs {
  const tags = new Set(owners);
  const blobs = new Map<Digest, number>();
  for (const [path, file] of targets) {
    const sha256 = file.hashes.get("sha256");
    if (sha256 !== undefined) tags.add(targetTag(sha256, path));
    for (const { digest, size } of findStoredBlobs(file) ?? []) blobs.set(digest, size);
  }
  return { tags, blobs };
}

function sizes(descriptors: Iterable<Descriptor>): ReadonlyMap<Digest, number> {
  return new Map([...descriptors].map(({ digest, size }) => [digest, size]));
}

export function merge(parts: Iterable<Needs>): Needs {
  const tags = new Set<TagName>();
  const blobs = new Map<Digest, number>();
  for (const part of parts) {
    for (const tag of part.tags) tags.add(tag);
    for (const [digest, size] of part.blobs) blobs.set(digest, size);
  }
  return { tags, blobs };
}
