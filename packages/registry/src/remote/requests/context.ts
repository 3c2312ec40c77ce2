/** The context of every operation on a repository. */
import { isDigest, parseDigest, type Digest } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import type { AttemptOutcome, RetryBudget } from "../../http/index.ts";
import { parseTag, type TagName } from "../../oci/tag.ts";
import type { Scope } from "../auth/authorizer.ts";
import type { Quirks } from "./quirks.ts";
import type { Send } from "./send.ts";

export interface Registry {
  /** As the user wrote it. */
  readonly name: string;
  readonly base: URL;
  readonly send: Send;
  readonly now: () => Date;
  readonly random: () => number;
  /** Makes the budget for all requests of one operation. */
  readonly createRetryBudget: () => RetryBudget;
  readonly quirks: Quirks;
  /** Updates of fallback indexes of referrers in progress; updates of one index wait for each other. */
  readonly indexUpdates: Map<string, Promise<void>>;
}

export interface Repository {
  readonly registry: Registry;
  readonly name: string;
}

export function pullScope(name: string): Scope {
  return { type: "repository", name, actions: ["pull"] };
}

export function pushScope(name: string): Scope {
  return { type: "repository", name, actions: ["pull", "push"] };
}

export function deleteScope(name: string): Scope {
  return { type: "repository", name, actions: ["pull", "push", "delete"] };
}

export function repositoryUrl({ registry, name }: Repository, path: string, query?: URLSearchParams): URL {
  const url = new URL(`/v2/${name}/${path}`, registry.base);
  if (query !== undefined) url.search = query.toString();
  return url;
}

/** @throws OciError OCI_DIGEST_INVALID */
export function blobUrl(repository: Repository, digest: string): URL {
  return repositoryUrl(repository, `blobs/${parseDigest(digest)}`);
}

/** @throws OciError OCI_DIGEST_INVALID, OCI_TAG_INVALID */
export function manifestUrl(repository: Repository, name: TagName | Digest, query?: URLSearchParams): URL {
  const reference = name.includes(":") ? parseDigest(name) : parseTag(name);
  return repositoryUrl(repository, `manifests/${reference}`, query);
}

/** Converts a thrown OCI_UNAVAILABLE to an outcome: a status, or no response. */
export function outcomeOf(error: OciError): AttemptOutcome {
  const { status, retryAfter } = error.details;
  return typeof status === "number"
    ? { kind: "response", status, retryAfter: typeof retryAfter === "string" ? retryAfter : undefined }
    : { kind: "failure", error };
}

/** A body that ended early without a connection error, such as that of a cache that lost its upstream. Retried like a 502. */
export const endedEarly: AttemptOutcome = { kind: "response", status: 502, retryAfter: undefined };

export function isUnavailable(error: unknown): error is OciError {
  return OciError.is(error) && error.code === "OCI_UNAVAILABLE";
}

/** The digest that a registry's header claims; undefined if the header is missing or malformed. */
export function claimedDigest(header: string | undefined): Digest | undefined {
  return header !== undefined && isDigest(header) ? header : undefined;
}

/** The length that a header claims; undefined if the header is missing or malformed. */
export function claimedLength(header: string | undefined): number | undefined {
  return header !== undefined && /^[0-9]{1,15}$/.test(header) ? Number(header) : undefined;
}
