/**
 * Deletions, which registries may refuse: OCI_UNSUPPORTED is thrown then, and nothing has changed. A tag is removed alone. If
 * the registry cannot delete tags, the tag is moved to a manifest made for this purpose, and that manifest is deleted, after
 * the deletion of another one has shown that manifests can be deleted.
 */
import type { Digest } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import { emptyConfig, emptyConfigBytes, encodeImageManifest, type ManifestContent } from "../../oci/manifest.ts";
import type { StoreOptions } from "../../store.ts";
import type { TagName } from "../../oci/tag.ts";
import { putBlob } from "../blobs/blob-upload.ts";
import { blobUrl, deleteScope, manifestUrl, type Repository } from "../requests/context.ts";
import { putAs, type ManifestPush } from "./manifest-send.ts";
import { fetchManifest, resolveManifest } from "./manifests.ts";
import { mayBeImmutable } from "./tag-push.ts";
import { forgetReferrer } from "./referrers-index.ts";

type Deletion = "deleted" | "not there" | "unsupported";

export async function deleteBlob(repository: Repository, digest: Digest, options: StoreOptions): Promise<boolean> {
  const deletion = await requestDeletion(repository, blobUrl(repository, digest), options);
  if (deletion === "unsupported") throw unsupported(repository, "blobs");
  return deletion === "deleted";
}

export async function deleteManifest(repository: Repository, digest: Digest, options: StoreOptions): Promise<boolean> {
  const found = await fetchManifest(repository, digest, options);
  if (found === undefined) return false;
  const deletion = await requestDeletion(repository, manifestUrl(repository, digest), options);
  // 404 also means "cannot delete" at some registries.
  const isLeft =
    deletion === "not there" &&
    (await resolveManifest(repository, digest, { ...options, want: "digest" })) !== undefined;
  if (deletion === "unsupported" || isLeft) throw unsupported(repository, "manifests");
  const { manifest, descriptor } = found;
  if (manifest.kind !== "schema1" && manifest.subject !== undefined) {
    await forgetReferrer(repository, { descriptor, subject: manifest.subject.digest }, options);
  }
  return deletion === "deleted";
}

export async function deleteTag(repository: Repository, tag: TagName, options: StoreOptions): Promise<boolean> {
  const deletion = await requestDeletion(repository, manifestUrl(repository, tag), options);
  if (deletion === "deleted") return true;
  // Some registries answer 404 if they do not support deleting tags, so check whether the tag exists.
  if ((await resolveManifest(repository, tag, { ...options, want: "digest" })) === undefined) return false;
  await deleteTagByDecoy(repository, tag, options);
  return true;
}

async function deleteTagByDecoy(repository: Repository, tag: TagName, { signal }: StoreOptions): Promise<void> {
  await putBlob(repository, { descriptor: emptyConfig, content: emptyConfigBytes }, { signal });
  const trial = decoyOf(repository);
  await putAs({ repository, ...trial, signal }, trial.descriptor.digest);
  const allowed = await requestDeletion(repository, manifestUrl(repository, trial.descriptor.digest), { signal });
  if (allowed !== "deleted") throw unsupported(repository, "tags");
  const before = await fetchManifest(repository, tag, { signal });
  if (before === undefined) return;
  const decoy = decoyOf(repository);
  // From here on the tag points at the decoy, so an abort must not stop the deletion.
  await moveToDecoy({ repository, ...decoy, signal: undefined }, tag);
  const restore = (): Promise<unknown> =>
    putAs({ repository, descriptor: before.descriptor, bytes: before.bytes, signal: undefined }, tag);
  let deletion: Deletion;
  try {
    deletion = await requestDeletion(repository, manifestUrl(repository, decoy.descriptor.digest), {});
  } catch (error) {
    await restore();
    throw error;
  }
  if (deletion === "deleted") return;
  const left = await resolveManifest(repository, tag, { want: "digest" });
  if (left === undefined) return;
  // Another manifest is another publisher's.
  if (left.descriptor.digest === decoy.descriptor.digest) await restore();
  throw unsupported(repository, "tags");
}

/** @throws OciError OCI_UNSUPPORTED if the registry does not let the tag be moved */
async function moveToDecoy(decoy: ManifestPush, tag: TagName): Promise<void> {
  try {
    await putAs(decoy, tag);
  } catch (error) {
    if (mayBeImmutable(error)) throw unsupported(decoy.repository, "tags", error);
    throw error;
  }
}

/** A manifest with a unique digest. */
function decoyOf({ registry }: Repository): ManifestContent {
  return encodeImageManifest({
    artifactType: "application/vnd.dtuf.deleted.v1",
    layers: [emptyConfig],
    annotations: new Map([
      ["org.opencontainers.image.created", registry.now().toISOString()],
      ["dtuf.deletion", `${registry.random()} ${registry.random()}`],
    ]),
  });
}

async function requestDeletion(repository: Repository, url: URL, { signal }: StoreOptions): Promise<Deletion> {
  const response = await repository.registry.send({
    method: "DELETE",
    url,
    scopes: [deleteScope(repository.name)],
    expect: [200, 202, 204, 400, 404, 405, 501],
    signal,
  });
  await response.discard();
  if (response.status < 300) return "deleted";
  return response.status === 404 ? "not there" : "unsupported";
}

function unsupported({ registry, name }: Repository, what: string, cause?: OciError): OciError {
  return new OciError("OCI_UNSUPPORTED", `${registry.name} does not let ${what} of ${name} be deleted`, {
    details: { registry: registry.name, repository: name },
    cause,
  });
}
