/**
 * One upload as the registry knows it: a Location that changes with every answer. It may be relative, or on another
 * host, which then gets the content and no credentials; what once left the registry's origin never gets them again.
 */
import type { Digest } from "../../digest.ts";
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
  /** What the registry wants of every chunk but the last; 0: nothing. */
  readonly chunkMinBytes: number;
  /** The upload's budget, for all its requests. */
  readonly retryBudget: RetryBudget | undefined;
  /** Not in the specification, but Cloudflare's registry says it. */
  readonly chunkMaxBytes: number;
}

interface Location {
  readonly url: URL;
  readonly credentials: "own" | "none";
  readonly allowedNetwork: Network | undefined;
}

export interface Part {
  readonly body: Uint8Array | HttpBody;
  /** Where it begins in the content; undefined: it is the content. */
  readonly offset?: number;
}

export interface StartOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly scopes?: readonly Scope[];
  readonly body?: Uint8Array;
  /** Statuses beside 201 and 202. */
  readonly expect?: readonly number[];
  readonly retryBudget?: RetryBudget;
  readonly signal: AbortSignal | undefined;
}

const octets = { "content-type": "application/octet-stream" } as const;

/** The POST that opens an upload, or spares it. Asking twice does no harm: a forgotten upload expires. */
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

/** The next Location, where the answer names one. */
function moveOn(session: UploadSession, response: HttpResponse): void {
  if (response.headers.get("location") === undefined) return;
  session.location = locationOf(session.repository, response, session.location.credentials);
}

/** PATCH. 201 is ECR's 202. 404: the upload is forgotten; 413 and 416: not like this. */
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
 * PUT, with the content, its last chunk or nothing. 201: it is stored. 400 is an answer only if the whole content was
 * sent, because then there is another way.
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
    // Sent twice it would meet an upload that is further than it thinks: what happens next is decided here.
    retries: "refused",
    expect: [201, 204, ...(part.offset === undefined && part.body.length > 0 ? [400] : []), 404, 413, 416],
    signal,
  });
  await response.discard();
  return response.status;
}

/** The Location's own query is opaque: it is added to, as text. */
function withDigest(location: URL, digest: Digest): URL {
  return new URL(`${location.href}${location.search === "" ? "?" : "&"}digest=${encodeURIComponent(digest)}`);
}

function rangeOf({ body, offset }: Part): Readonly<Record<string, string>> {
  return offset === undefined || body.length === 0 ? {} : { "content-range": `${offset}-${offset + body.length - 1}` };
}

/** How many bytes the registry has; undefined where it does not say, or has forgotten the upload. */
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
  // `0-0` is how distribution says both "nothing" and "one byte".
  return end === undefined || end === 0 ? undefined : end + 1;
}

/** Gives the upload up. Nobody depends on it: the registry forgets it by itself in time. */
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
    // What went wrong before is what the caller hears of.
  }
}
