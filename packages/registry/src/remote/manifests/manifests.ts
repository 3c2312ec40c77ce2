/** Manifests by tag and digest. A requested digest is compared with the body, not with a header. */
import { openContent, type ByteStream } from "../../content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestAlgorithm, digestOf, isDigest, type Digest } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import { manifestReadMaxBytes } from "../../limits.ts";
import { parseManifest, type Manifest, type ManifestContent } from "../../oci/manifest.ts";
import { isWebPage } from "../../http/web-page.ts";
import { isManifestMediaType, mediaTypes } from "../../oci/media-types.ts";
import type { Resolved, ResolveOptions, StoreOptions } from "../../store.ts";
import type { TagName } from "../../oci/tag.ts";
import { verifying } from "../../verifying.ts";
import { acceptedManifests } from "../requests/accept.ts";
import { hasBlob } from "../blobs/blobs.ts";
import { claimedDigest, claimedLength, manifestUrl, pullScope, type Repository } from "../requests/context.ts";
import { invalidResponse, sendForBytes, type WholeResponse } from "../requests/read-body.ts";
import { schema1Payload } from "./schema1.ts";

export interface FetchedManifest extends ManifestContent {
  readonly manifest: Manifest;
}

/**
 * Fetches a manifest; returns undefined if it does not exist. `bytes` match the descriptor. For a signed schema 1 manifest
 * they are the signed payload.
 * @throws OciError OCI_DIGEST_MISMATCH, OCI_MANIFEST_INVALID, OCI_LIMIT_EXCEEDED; OCI_RESPONSE_INVALID for a web page
 */
export async function fetchManifest(
  repository: Repository,
  name: TagName | Digest,
  { signal }: StoreOptions = {},
): Promise<FetchedManifest | undefined> {
  const whole = await requestManifest(repository, name, { signal });
  if (whole === undefined || whole.response.status === 404) return undefined;
  const { headers } = whole.response;
  const claimed = isDigest(name) ? name : claimedDigest(headers.get("docker-content-digest"));
  try {
    return describe(whole.bytes, headers.get("content-type"), claimed);
  } catch (cause) {
    if (!isWebPage(whole.response)) throw cause;
    throw invalidResponse(whole.response, "is a web page (text/html), not a manifest: it may be a sign-in page", cause);
  }
}

async function requestManifest(
  repository: Repository,
  name: TagName | Digest,
  { signal }: StoreOptions,
): Promise<WholeResponse | undefined> {
  const request = {
    method: "GET",
    url: manifestUrl(repository, name),
    scopes: [pullScope(repository.name)],
    headers: { accept: acceptedManifests },
    signal,
  } as const;
  const send = (expect: readonly number[]): Promise<WholeResponse> =>
    sendForBytes(repository.registry, { ...request, expect }, manifestReadMaxBytes);
  if (!isDigest(name)) return send([200, 404]);
  const whole = await send([200, 404, 500]);
  if (whole.response.status !== 500) return whole;
  // distribution 2.8 answers 500 to the digest of a blob that is not a manifest.
  return (await hasBlob(repository, name, { signal })) ? undefined : send([200, 404]);
}

function describe(received: Uint8Array, contentType: string | undefined, wanted: Digest | undefined): FetchedManifest {
  // Hashed before it is parsed, so that wrong content is not parsed. Schema 1 has to be parsed to be hashed.
  const isWanted = wanted !== undefined && digestOf(received, digestAlgorithm(wanted)) === wanted;
  const manifest = parseOr(received, contentType, isWanted ? undefined : wanted);
  const bytes = manifest.kind === "schema1" && !isWanted ? schema1Payload(received) : received;
  const digest = isWanted ? wanted : digestOf(bytes, wanted === undefined ? "sha256" : digestAlgorithm(wanted));
  if (wanted !== undefined && digest !== wanted) throw mismatch(wanted, digest);
  return {
    manifest,
    bytes,
    descriptor: { mediaType: mediaTypeOf(manifest, bytes !== received), digest, size: bytes.length },
  };
}

/** Reports a digest mismatch before a parse error. */
function parseOr(bytes: Uint8Array, contentType: string | undefined, missed: Digest | undefined): Manifest {
  try {
    return parseManifest(bytes, contentType);
  } catch (error) {
    throw missed === undefined ? error : mismatch(missed, digestOf(bytes, digestAlgorithm(missed)));
  }
}

function mediaTypeOf({ mediaType }: Manifest, unsigned: boolean): string {
  return unsigned ? mediaTypes.dockerSchema1 : mediaType;
}

function mismatch(wanted: Digest, got: Digest): OciError {
  return new OciError("OCI_DIGEST_MISMATCH", `manifest does not match its digest: wanted ${wanted}, got ${got}`, {
    details: { wanted, got },
  });
}

/** `open` for schema 1, whose digest is not that of the served bytes. */
export async function openSchema1(
  repository: Repository,
  descriptor: Descriptor,
  options: StoreOptions,
): Promise<ByteStream | undefined> {
  const fetched = await fetchManifest(repository, descriptor.digest, options);
  return fetched && verifying(openContent(fetched.bytes), descriptor);
}

export async function resolveManifest(
  repository: Repository,
  name: TagName | Digest,
  { want, signal }: ResolveOptions,
): Promise<Resolved | undefined> {
  const { quirks } = repository.registry;
  const answer = want === "digest" ? await headManifest(repository, name, { signal }) : "ask for all of it";
  if (answer !== "ask for all of it" && (answer !== undefined || quirks.known.headDenial === "true")) return answer;
  const fetched = await fetchManifest(repository, name, { signal });
  // One GET per client shows whether a HEAD that finds no manifest is right.
  if (answer === undefined) quirks.headDenialIs(fetched === undefined ? "true" : "false");
  return fetched && { descriptor: fetched.descriptor, bytes: fetched.bytes };
}

/** Sends one HEAD. Its result is used if the registry sends enough headers; the digest is the registry's claim. */
async function headManifest(
  repository: Repository,
  name: TagName | Digest,
  { signal }: StoreOptions,
): Promise<Resolved | undefined | "ask for all of it"> {
  const response = await repository.registry.send({
    method: "HEAD",
    url: manifestUrl(repository, name),
    scopes: [pullScope(repository.name)],
    headers: { accept: acceptedManifests },
    expect: [200, 400, 403, 404, 405, 500, 501],
    signal,
  });
  await response.discard();
  if (response.status === 404)
    return repository.registry.quirks.known.headDenial === "false" ? "ask for all of it" : undefined;
  const mediaType = response.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const digest = claimedDigest(response.headers.get("docker-content-digest"));
  const size = claimedLength(response.headers.get("content-length"));
  const enough =
    response.status === 200 && digest !== undefined && size !== undefined && (!isDigest(name) || digest === name);
  // The length of schema 1 is that of the signed form; the digest is that of the payload.
  if (!enough || !isManifestMediaType(mediaType) || isSchema1(mediaType)) return "ask for all of it";
  return { descriptor: { mediaType, digest, size } };
}

export function isSchema1(mediaType: string): boolean {
  return mediaType === mediaTypes.dockerSchema1 || mediaType === mediaTypes.dockerSchema1Signed;
}

/** A hint, not proof: some proxies answer wrongly. */
export async function hasManifest(repository: Repository, digest: Digest, options: StoreOptions): Promise<boolean> {
  return (await resolveManifest(repository, digest, { ...options, want: "digest" })) !== undefined;
}
