/** Pushes manifests with their tags, and updates the fallback index of referrers if the registry has no API for them. */
import { reportUpload } from "../../progress.ts";
import { openContent, type Content } from "../../content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestAlgorithm } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import type { HttpResponse } from "../../http/index.ts";
import { manifestMaxBytes } from "../../limits.ts";
import { parseManifest, type Manifest } from "../../oci/manifest.ts";
import type { PutOptions, StoreOptions } from "../../store.ts";
import type { TagName } from "../../oci/tag.ts";
import { collect, verifyBytes } from "../../verifying.ts";
import { claimedDigest, type Repository } from "../requests/context.ts";
import { putAs, type ManifestPush } from "./manifest-send.ts";
import { fetchManifest } from "./manifests.ts";
import { mayBeImmutable, putUnderTag } from "./tag-push.ts";
import { indexReferrer } from "./referrers-index.ts";
import { tagsPerPut } from "../requests/store-limits.ts";

export async function putManifest(
  repository: Repository,
  { descriptor, content }: { readonly descriptor: Descriptor; readonly content: Content },
  options: PutOptions,
): Promise<void> {
  const { tags = [], signal } = options;
  const bytes = verifyBytes(await collect(openContent(content), manifestMaxBytes), descriptor);
  const manifest = writable(parseManifest(bytes, descriptor.mediaType));
  const push = { repository, descriptor, bytes, signal };
  const response = await putTagged(push, tags);
  reportUpload(options, descriptor, bytes.length);
  if (manifest.subject === undefined) return;
  const said = claimedDigest(response?.headers.get("oci-subject")) === manifest.subject.digest;
  const indexed = said ? "said" : "not said";
  await indexReferrer(repository, { manifest, descriptor, subject: manifest.subject.digest, indexed }, { signal });
}

function writable(manifest: Manifest): Exclude<Manifest, { readonly kind: "schema1" }> {
  if (manifest.kind !== "schema1") return manifest;
  throw new OciError("OCI_UNSUPPORTED", "manifests of schema 1 can be read but not written");
}

/** Tags a manifest that exists. @throws OciError OCI_NOT_FOUND */
export async function tagManifest(
  repository: Repository,
  { tag, descriptor }: { readonly tag: TagName; readonly descriptor: Descriptor },
  { signal }: StoreOptions,
): Promise<void> {
  const found = await fetchManifest(repository, descriptor.digest, { signal });
  if (found === undefined) {
    const where = `${repository.registry.name}/${repository.name}`;
    throw new OciError("OCI_NOT_FOUND", `no manifest ${descriptor.digest} in ${where} for the tag ${tag}`, {
      details: { digest: descriptor.digest, tag },
    });
  }
  writable(found.manifest);
  await putUnderTag({ repository, descriptor: found.descriptor, bytes: found.bytes, signal }, tag);
}

/** Sets all tags in one request if the registry supports it, else one by one, in order. Returns one of the responses. */
async function putTagged(push: ManifestPush, tags: readonly TagName[]): Promise<HttpResponse | undefined> {
  const { quirks } = push.repository.registry;
  const together = quirks.known.multiTag === "untried" ? tags.slice(0, tagsPerPut) : [];
  // A PUT under a tag makes the registry use sha256.
  const bySha256 = digestAlgorithm(push.descriptor.digest) === "sha256";
  if (tags.length > 0 && bySha256 && (tags.length === 1 || together.length === 0)) return putEach(push, tags);
  const response = await putTogether(push, together);
  if (response === undefined) return putEach(push, tags);
  const done = new Set(response.headers.all("oci-tag").flatMap((header) => header.split(/\s*,\s*/)));
  if (together.length > 0 && done.size === 0) quirks.noMultiTag();
  // Continues with the first tag that was not set, because the order is guaranteed.
  const open = together.findIndex((tag) => !done.has(tag));
  await putEach(push, tags.slice(open < 0 ? together.length : open));
  return response;
}

/** Undefined: one of the tags may not be moved, so that each has to be put alone. */
async function putTogether(push: ManifestPush, tags: readonly TagName[]): Promise<HttpResponse | undefined> {
  try {
    return await putAs(push, push.descriptor.digest, tags);
  } catch (error) {
    if (tags.length > 0 && mayBeImmutable(error)) return undefined;
    throw error;
  }
}

async function putEach(push: ManifestPush, tags: readonly TagName[]): Promise<HttpResponse | undefined> {
  let last: HttpResponse | undefined;
  for (const tag of tags) last = await putUnderTag(push, tag);
  return last;
}
