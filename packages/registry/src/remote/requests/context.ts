/** What every operation on a repository stands on. */
import { isDigest, parseDigest, type Digest } from "../../digest.ts";
import { OciError } from "../../errors.ts";
import type { AttemptOutcome, Tries } from "../../http/index.ts";
import { parseTag, type TagName } from "../../tag.ts";
import type { Scope } from "../auth/authorizer.ts";
import type { Send } from "./send.ts";

export interface Registry {
  /** As the user wrote it. */
  readonly name: string;
  readonly base: URL;
  readonly send: Send;
  readonly now: () => Date;
  readonly random: () => number;
  /** One budget, for all the requests of one operation. */
  readonly createTries: () => Tries;
  readonly learned: Learned;
  /** Updates of one fallback index of referrers, which wait for each other. */
  readonly indexUpdates: Map<string, Promise<void>>;
}

/** What this registry turned out to do. Only ever spares requests: nothing here is trusted. */
export interface Learned {
  /** Several tags in one PUT of a manifest. */
  multiTag: "untried" | "unsupported";
  /** A mount from the very repository asks and opens the upload in one request. */
  selfMount: "untried" | "unsupported";
  /** Content in the request that opens the upload. */
  singlePost: "untried" | "unsupported";
  /** What the PUT that closes an upload may carry: the content, or nothing, so that all of it goes before in PATCH. */
  closing: "content" | "empty";
  /** Whether HEAD of a manifest tells the truth when it denies. "untried": the first denial is checked with a GET. */
  headDenial: "untried" | "true" | "false";
  /** Repositories from which a mount was refused before it came to the registry, by `to from`. */
  readonly refusedMounts: Set<string>;
  /** Blobs above this go in chunks. */
  wholeMaxBytes: number;
  chunkBytes: number;
  /** Repositories whose referrers API answered. */
  readonly referrersApi: Set<string>;
}

/** What a new client knows of its registry. */
export function nothingLearned(): Omit<Learned, "wholeMaxBytes" | "chunkBytes"> {
  return {
    multiTag: "untried",
    selfMount: "untried",
    singlePost: "untried",
    closing: "content",
    headDenial: "untried",
    refusedMounts: new Set(),
    referrersApi: new Set(),
  };
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

/** What a thrown OCI_UNAVAILABLE was: a status, or no response. */
export function outcomeOf(error: OciError): AttemptOutcome {
  const { status, retryAfter } = error.details;
  return typeof status === "number"
    ? { kind: "response", status, retryAfter: typeof retryAfter === "string" ? retryAfter : undefined }
    : { kind: "failure", error };
}

/** A body that ended in good order before its time: a cache that lost its upstream. Worth as many tries as that is. */
export const endedEarly: AttemptOutcome = { kind: "response", status: 502, retryAfter: undefined };

export function isUnavailable(error: unknown): error is OciError {
  return OciError.is(error) && error.code === "OCI_UNAVAILABLE";
}

/** The digest that a registry's header claims; undefined where there is none that could be one. */
export function claimedDigest(header: string | undefined): Digest | undefined {
  return header !== undefined && isDigest(header) ? header : undefined;
}

/** A length that a header claims. */
export function claimedLength(header: string | undefined): number | undefined {
  return header !== undefined && /^[0-9]{1,15}$/.test(header) ? Number(header) : undefined;
}
