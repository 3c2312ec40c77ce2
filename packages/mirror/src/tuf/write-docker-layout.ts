/**
 * Writes a verified repository in the layout of Docker's tools (docker/attest, go-tuf-mirror): one store for metadata, one
 * for targets. Metadata is written byte for byte. Targets that the layout cannot name (a name that is not a legal tag, a
 * delegated target outside its role's directory) are left out and listed in the result.
 */
import { annotationKeys, metadataFileName, metadataMediaType, targetMediaType, withoutCompanions } from "@dtuf/format";
import {
  digestOf,
  emptyConfig,
  emptyConfigBytes,
  encodeImageIndex,
  encodeImageManifest,
  isTag,
  mediaTypes,
  parseTag,
  type Descriptor,
  type ManifestContent,
  type TagName,
  type WriteStore,
} from "@dtuf/registry";
import type { TargetFile, TargetPath } from "@dtuf/tuf";
import { piecesOf } from "./target-contents.ts";
import type { VerifiedRepository, VerifiedRole } from "./verified-repository.ts";
import {
  createWriting,
  putTargetBlobs,
  releaseFiles,
  type WriteOptions,
  type Writing,
  type WrittenRepository,
} from "./write-repository.ts";

export interface DockerLayoutOptions extends Omit<WriteOptions, "store"> {
  readonly metadata: WriteStore;
  readonly targets: WriteStore;
}

export interface WrittenDockerLayout extends WrittenRepository {
  /** Targets and roles that were left out because Docker's readers cannot find them. */
  readonly omitted: readonly string[];
}

const latest: TagName = parseTag("latest");

/** @throws MirrorError; OciError; FileError */
export async function writeDockerLayout(
  repository: VerifiedRepository,
  { metadata, targets, ...options }: DockerLayoutOptions,
): Promise<WrittenDockerLayout> {
  const writing = createWriting(repository, { ...options, store: targets });
  const release = metadataManifest(releaseFiles(repository));
  const { digest } = release.manifest.descriptor;
  const there = await metadata.resolve(latest, { want: "digest", signal: options.signal });
  const omitted: string[] = [];
  const status = there?.descriptor.digest === digest ? "unchanged" : "copied";
  await writeTopLevelTargets(writing, omitted);
  for (const role of repository.delegated) await writeDelegatedTargets(writing, role, omitted);
  for (const role of repository.delegated) {
    if (!isReadable(role)) continue;
    const name = metadataFileName(role.name, role.version);
    await putFiles(writing, metadata, { ...metadataManifest([{ name, bytes: role.bytes }]), tag: parseTag(role.name) });
  }
  if (status === "copied") await putFiles(writing, metadata, { ...release, tag: latest });
  return { status, digest, omitted, transferred: writing.tally };
}

interface Files {
  readonly manifest: ManifestContent;
  readonly blobs: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
}

function metadataManifest(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Files {
  const blobs = files.map(({ name, bytes }) => ({
    descriptor: layer(metadataMediaType, { digest: digestOf(bytes), size: bytes.length }, name),
    bytes,
  }));
  return { manifest: encodeImageManifest({ layers: blobs.map(({ descriptor }) => descriptor) }), blobs };
}

function layer(mediaType: string, { digest, size }: Pick<Descriptor, "digest" | "size">, name: string): Descriptor {
  return { mediaType, digest, size, annotations: new Map([[annotationKeys.filename, name]]) };
}

async function putFiles(
  { signal }: Writing,
  store: WriteStore,
  { manifest, blobs, tag }: Files & { readonly tag: TagName | undefined },
): Promise<void> {
  for (const { descriptor, bytes } of [{ descriptor: emptyConfig, bytes: emptyConfigBytes }, ...blobs]) {
    await store.put({ ...descriptor, mediaType: mediaTypes.octetStream }, bytes, { signal });
  }
  await store.put(manifest.descriptor, manifest.bytes, { tags: tag === undefined ? [] : [tag], signal });
}

/** A manifest of one blob, named `<sha256>.<name>`. Returns undefined if Docker's readers cannot fetch the target. */
function targetManifest(file: TargetFile, base: string): { manifest: ManifestContent; name: string } | undefined {
  const sha256 = file.hashes.get("sha256");
  const [blob, ...more] = piecesOf({ path: base as TargetPath, file });
  const name = `${sha256 ?? ""}.${base}`;
  if (sha256 === undefined || blob === undefined || more.length > 0) return undefined;
  return { manifest: encodeImageManifest({ layers: [layer(targetMediaType, blob, name)] }), name };
}

async function writeTopLevelTargets(writing: Writing, omitted: string[]): Promise<void> {
  const { targets } = writing.repository;
  const readable = new Map<TargetPath, TargetFile>();
  const manifests: (Files & { readonly tag: TagName })[] = [];
  for (const [path, file] of targets.targets.targets) {
    const target = targetManifest(file, path);
    if (target === undefined || !isTag(target.name)) omitted.push(path);
    else {
      readable.set(path, withoutCompanions(file));
      manifests.push({ manifest: target.manifest, blobs: [], tag: target.name });
    }
  }
  await putTargetBlobs(writing, withTargets(targets, readable));
  for (const files of manifests) await putFiles(writing, writing.store, files);
}

function withTargets(role: VerifiedRole, targets: ReadonlyMap<TargetPath, TargetFile>): VerifiedRole {
  return { ...role, targets: { ...role.targets, targets } };
}

/** Whether Docker's reader finds the role: it takes the name between the first two dots and looks for it as a tag. */
function isReadable({ name, kind }: VerifiedRole): boolean {
  return kind === "role" && isTag(name) && !name.includes(".") && name !== String(latest);
}

/** Writes all targets of a role as one index with its name. Each target must be in the directory of that name. */
async function writeDelegatedTargets(writing: Writing, role: VerifiedRole, omitted: string[]): Promise<void> {
  if (!isReadable(role)) return void omitted.push(role.name);
  const readable = new Map<TargetPath, TargetFile>();
  const entries: Descriptor[] = [];
  const manifests: Files[] = [];
  for (const [path, file] of role.targets.targets) {
    const [folder, base] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
    const target = targetManifest(file, base);
    if (path.split("/", 1)[0] !== role.name || folder === "" || target === undefined) {
      omitted.push(path);
      continue;
    }
    const { mediaType, digest, size } = target.manifest.descriptor;
    readable.set(path, withoutCompanions(file));
    manifests.push({ manifest: target.manifest, blobs: [] });
    entries.push({ ...layer(mediaType, { digest, size }, `${folder}/${target.name}`) });
  }
  await putTargetBlobs(writing, withTargets(role, readable));
  for (const files of manifests) await putFiles(writing, writing.store, { ...files, tag: undefined });
  if (entries.length === 0) return;
  const index = encodeImageIndex({ manifests: entries });
  await writing.store.put(index.descriptor, index.bytes, { tags: [parseTag(role.name)], signal: writing.signal });
}
