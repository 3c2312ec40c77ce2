/** Manifests whose `subject` is a given one, from the registry's API or from the index under the fallback tag. */
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestAlgorithm, digestHex, parseDigest, type Digest } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import { parseManifest, type ImageIndex } from "../../oci/manifest.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import type { StoreOptions } from "../../store.ts";
import { parseTag, type TagName } from "../../oci/tag.ts";
import { pullScope, repositoryUrl, type Repository } from "../requests/context.ts";
import { fetchManifest } from "./manifests.ts";
import { readPages, tooMany } from "../requests/paging.ts";
import { invalidResponse, type WholeResponse } from "../requests/read-body.ts";
import type { RegistryRequest } from "../requests/send.ts";
import { referrersMax } from "../requests/store-limits.ts";

/** @throws OciError OCI_LIMIT_EXCEEDED for more than `referrersMax`, and those of `readPages` */
export async function* listReferrers(
  repository: Repository,
  subject: Digest,
  { artifactType, signal }: StoreOptions & { readonly artifactType?: string } = {},
): AsyncGenerator<Descriptor> {
  const wanted = (descriptor: Descriptor): boolean =>
    artifactType === undefined || descriptor.artifactType === artifactType;
  const query = artifactType === undefined ? undefined : new URLSearchParams({ artifactType });
  let answered = false;
  const listed = new Set<Digest>();
  const request = referrersRequest(repository, { subject, query, signal });
  for await (const page of readPages(repository.registry, request)) {
    const index = findIndex(page);
    if (index === undefined) {
      if (answered) throw invalidResponse(page.response, "is not an image index, although the page before it is one");
      break;
    }
    answered = true;
    repository.registry.quirks.referrersApiFound(repository.name);
    // Filtered here too, because OCI-Filters-Applied is only a claim, and not every registry filters.
    const fresh = index.manifests.filter((descriptor) => isNew(listed, descriptor));
    if (listed.size > referrersMax) throw tooMany(request.url, referrersMax, "referrers");
    yield* fresh.filter(wanted);
  }
  if (answered) return;
  const index = await fetchReferrersIndex(repository, subject, { signal });
  yield* (index?.manifests ?? []).filter((descriptor) => wanted(descriptor) && isNew(listed, descriptor));
}

function isNew(listed: Set<Digest>, { digest }: Descriptor): boolean {
  if (listed.has(digest)) return false;
  listed.add(digest);
  return true;
}

function referrersRequest(
  repository: Repository,
  what: {
    readonly subject: Digest;
    readonly query?: URLSearchParams | undefined;
    readonly signal: AbortSignal | undefined;
  },
): RegistryRequest {
  return {
    method: "GET",
    url: repositoryUrl(repository, `referrers/${parseDigest(what.subject)}`, what.query),
    scopes: [pullScope(repository.name)],
    headers: { accept: mediaTypes.imageIndex },
    expect: [200, 400, 404, 405, 406, 501],
    signal: what.signal,
  };
}

/** Returns undefined if the page is not an index, because a registry that answers 200 to everything does not have the API. */
function findIndex({ response, bytes }: WholeResponse): ImageIndex | undefined {
  const contentType = response.headers.get("content-type");
  if (contentType?.split(";", 1)[0]?.trim().toLowerCase() !== mediaTypes.imageIndex) return undefined;
  const index = parseManifest(bytes, contentType);
  return index.kind === "index" ? index : undefined;
}

/** Asks the registry once, because some announce an API that they do not have (ECR sent OCI-Subject without an API). */
export async function hasReferrersApi(
  repository: Repository,
  subject: Digest,
  { signal }: StoreOptions,
): Promise<boolean> {
  const { quirks } = repository.registry;
  if (quirks.hasReferrersApi(repository.name)) return true;
  for await (const page of readPages(repository.registry, referrersRequest(repository, { subject, signal }))) {
    if (findIndex(page) !== undefined) quirks.referrersApiFound(repository.name);
    break;
  }
  return quirks.hasReferrersApi(repository.name);
}

/** distribution-spec, "Referrers Tag Schema": algorithm and digest, cut to 32 and 64 characters. */
export function referrersTag(subject: Digest): TagName {
  return parseTag(`${digestAlgorithm(subject).slice(0, 32)}-${digestHex(subject).slice(0, 64)}`);
}

/**
 * The index under the fallback tag; undefined if the tag does not exist.
 * @throws OciError OCI_MANIFEST_INVALID if the tag names another manifest
 */
export async function fetchReferrersIndex(
  repository: Repository,
  subject: Digest,
  options: StoreOptions,
): Promise<ImageIndex | undefined> {
  const tag = referrersTag(subject);
  const found = await fetchManifest(repository, tag, options);
  if (found === undefined || found.manifest.kind === "index") return found?.manifest as ImageIndex | undefined;
  // GitLab interprets the tag as the digest and returns the subject itself.
  if (found.descriptor.digest === subject) return undefined;
  throw new OciError("OCI_MANIFEST_INVALID", `tag ${tag} names a manifest of type ${found.descriptor.mediaType}`, {
    details: { tag, got: found.descriptor.mediaType },
  });
}
