/**
 * One upload at the registry: a Location that changes with every response. It may be relative, or on another
 * host, which gets the content but no credentials. After a Location on another origin, no later Location gets them either.
 */
import type { Digest } from "../../oci/digest.ts";
import {
  decideUrl,
  originOf,
  type HttpBody,
  type HttpResponse,
  type Network,
  type RetryBudget,
} from "../../http/index.ts";
import { claimedLength, deleteScope, pushScope, repositoryUrl, type Repository } from "../requests/context.ts";
import type { Scope } from "../auth/authorizer.ts";
import { invalidResponse } from "../requests/read-body.ts";
import { cancelTimeoutMs } from "../requests/store-limits.ts";

export interface UploadSession {
  readonly repository: Repository;
  location: Location;
  /** Minimum size that the registry requires of every chunk but the last; 0 if none. */
  readonly chunkMinBytes: number;
  /** The budget for all requests of the upload. */
  readonly retryBudget: RetryBudget | undefined;
  /** From a header of Cloudflare's registry that is not in the specification. */
  readonly chunkMaxBytes: number;
}

interface Location {
  readonly url: URL;
  readonly credentials: "own" | "none";
  readonly allowedNetwork: Network | undefined;
}

export interface Part {
  readonly body: Uint8Array | HttpBody;
  /** Offset in the content; undefined if `body` is the whole content. */
  readonly offset?: number;
}

export interface StartOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly scopes?: readonly Scope[];
  readonly body?: Uint8Array;
  /** Expected statuses in addition to 201 and 202. */
  readonly expect?: readonly number[];
  readonly retryBudget?: RetryBudget;
  readonly signal: AbortSignal | undefined;
}

const octets = { "content-type": "application/octet-stream" } as const;

/** The POST that opens an upload or makes it unnecessary. It may be repeated, because an unused upload expires. */
export async function startUpload(repository: Repository, options: StartOptions): Promise<HttpResponse> {
  const { query, scopes = [pushScope(repository.name)], body, expect = [], retryBudget, signal } = options;
  return repository.registry.send({
    method: "POST",
    url: repositoryUrl(repository, "blobs/uploads/", query === undefined ? undefined : new URLSearchParams(query)),
    scopes,
    expect: [201, 202, ...expect],
    retries: "retry",
    retryBudget,
    ...(body === undefined ? { body: new Uint8Array() } : { body, headers: octets }),
    signal,
  });
}

/** The upload that a 202 opened. @throws OciError OCI_RESPONSE_INVALID, OCI_REDIRECT_REFUSED */
export async function sessionOf(
  repository: Repository,
  response: HttpResponse,
  retryBudget?: RetryBudget,
): Promise<UploadSession> {
  await response.discard();
  return {
    repository,
    retryBudget,
    location: locationOf(repository, response, "own"),
    chunkMinBytes: claimedLength(response.headers.get("oci-chunk-min-length")) ?? 0,
    chunkMaxBytes: claimedLength(response.headers.get("oci-chunk-max-length")) ?? Infinity,
  };
}

function locationOf({ registry }: Repository, response: HttpResponse, before: "own" | "none"): Location {
  const { url: from, network, allowedNetwork: held } = response;
  const to = response.headers.get("location");
  if (to === undefined) throw invalidResponse(response, "has no Location");
  const { url, allowedNetwork } = decideUrl({ from, network, allowedNetwork: held, to, source: "location" });
  const own = before === "own" && [from, url].every((place) => originOf(place) === originOf(registry.base));
  return { url, credentials: own ? "own" : "none", allowedNetwork };
}

/** Stores the next Location if the response has one. */
function moveOn(session: UploadSession, response: HttpResponse): void {
  if (response.headers.get("location") === undefined) return;
  session.location = locationOf(session.repository, response, session.location.credentials);
}

/** Sends a PATCH and returns its status. 201: ECR's 202. 404: the upload is unknown. 413 and 416: the chunk is refused. */
export async function sendPart(session: UploadSession, part: Part, signal: AbortSignal | undefined): Promise<number> {
  const { repository, location, retryBudget } = session;
  const response = await repository.registry.send({
    ...location,
    retryBudget,
    method: "PATCH",
    scopes: [pushScope(repository.name)],
    headers: { ...octets, ...rangeOf(part) },
    body: part.body,
    expect: [201, 202, 204, 404, 413, 416],
    signal,
  });
  await response.discard();
  if (response.status < 300) moveOn(session, response);
  return response.status;
}

/**
 * Sends a PUT with the content, its last chunk or nothing, and returns its status. 201: stored. 400 is expected only if the
 * whole content was sent, because it can then be sent in chunks instead.
 */
export async function closeUpload(
  session: UploadSession,
  part: Part & { readonly digest: Digest },
  signal: AbortSignal | undefined,
): Promise<number> {
  const { repository, location, retryBudget } = session;
  const response = await repository.registry.send({
    ...location,
    retryBudget,
    method: "PUT",
    url: withDigest(location.url, part.digest),
    scopes: [pushScope(repository.name)],
    headers: { ...octets, ...rangeOf(part) },
    body: part.body,
    // Not repeated, because the upload may have advanced; the caller decides how to continue.
    retries: "refused",
    expect: [201, 204, ...(part.offset === undefined && part.body.length > 0 ? [400] : []), 404, 413, 416],
    signal,
  });
  await response.discard();
  return response.status;
}

/** The Location's query is opaque: the digest is appended to it as text. */
function withDigest(location: URL, digest: Digest): URL {
  return new URL(`${location.href}${location.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`);
}

function rangeOf({ body, offset }: Part): Readonly<Record<string, string>> {
  return offset === undefined || body.length === 0 ? {} : { "content-range": `${offset}-${offset + body.length - 1}` };
}

/** Returns how many bytes the registry has, or undefined if it does not say or does not know the upload. */
export async function findUploadOffset(
  session: UploadSession,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const { repository, location, retryBudget } = session;
  const response = await repository.registry.send({
    ...location,
    retryBudget,
    method: "GET",
    scopes: [pushScope(repository.name)],
    expect: [200, 202, 204, 400, 404, 405, 416, 501],
    signal,
  });
  await response.discard();
  if (response.status >= 300) return undefined;
  moveOn(session, response);
  const end = claimedLength(/^(?:bytes=)?0-(\d+)$/.exec(response.headers.get("range") ?? "")?.[1]);
  // distribution writes `0-0` for both nothing and one byte.
  return end === undefined || end === 0 ? undefined : end + 1;
}

/** Cancels the upload. A failure is ignored, because the registry drops unused uploads after some time. */
export async function cancelUpload(session: UploadSession): Promise<void> {
  const { repository, location } = session;
  try {
    const response = await repository.registry.send({
      ...location,
      method: "DELETE",
      scopes: [deleteScope(repository.name)],
      retries: "once",
      expect: [204],
      signal: AbortSignal.timeout(cancelTimeoutMs),
    });
    await response.discard();
  } catch {
    // The caller gets the error that led to the cancellation.
  }
}
