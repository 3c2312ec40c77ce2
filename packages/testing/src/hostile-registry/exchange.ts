/** One request and its answer, as the parts of the hostile registry share them. */
import type { IncomingHttpHeaders } from "node:http";
import type { RegistryContent } from "./content.ts";

/** Features of this registry. A test can remove each one, because some real registry lacks it. */
export type Feature =
  | "single-post"
  | "chunked"
  | "stream"
  | "mount"
  | "anonymous-mount"
  | "upload-status"
  | "upload-cancel"
  | "referrers"
  | "referrer-filters"
  | "subject-header"
  | "multi-tag"
  | "manifest-delete"
  | "tag-delete"
  | "blob-delete"
  | "ranges"
  | "digest-header"
  | "catalog"
  | "paging"
  | "content-checks";

export interface Manners {
  readonly without: ReadonlySet<Feature>;
  /** The form of upload Locations. The specification allows both. */
  readonly locations: "relative" | "absolute";
  /** Entries in a page of a list if the client asks for no number, and the maximum. */
  readonly pageSize: number;
  /** Sent as OCI-Chunk-Min-Length and enforced. 0: none. */
  readonly chunkMinBytes: number;
  /** A larger PATCH is answered 416, as by GHCR. */
  readonly chunkMaxBytes: number;
  /** A larger PUT or POST of blob content is answered 413, as by Azure's registry. */
  readonly putMaxBytes: number;
  readonly manifestMaxBytes: number;
  /** Tags that exist cannot be put again, not even with the same manifest. */
  readonly immutableTags: ImmutableTags;
}

export interface ImmutableTags {
  readonly which: "none" | "all" | "all but latest";
  /** How a refusal is answered. */
  readonly like: "ECR" | "Harbor" | "Artifactory" | "a registry that says 409";
}

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body that arrived. */
  readonly bodyBytes: number;
  /** The answer; undefined if there is none (yet). */
  readonly status: number | undefined;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
}

export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
  /** Whether the credentials of this request allow reading that repository. */
  readonly mayPull: (repository: string) => boolean;
}

export interface Registry {
  readonly origin: string;
  readonly content: RegistryContent;
  readonly manners: Manners;
  /** Records that the client violated a rule of the specification, independently of the answer. */
  readonly violation: (what: string) => void;
}

/** The API endpoint of a request; undefined if there is none. */
export type Route =
  | { readonly to: "base" }
  | { readonly to: "catalog" }
  | {
      readonly to: "uploads" | "upload" | "blob" | "manifest" | "tags" | "referrers";
      readonly name: string;
      readonly reference: string;
    };

const routes = [
  ["uploads", /^\/v2\/(.+)\/blobs\/uploads\/()$/],
  ["upload", /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/],
  ["blob", /^\/v2\/(.+)\/blobs\/([^/]+)$/],
  ["manifest", /^\/v2\/(.+)\/manifests\/([^/]+)$/],
  ["tags", /^\/v2\/(.+)\/tags\/list()$/],
  ["referrers", /^\/v2\/(.+)\/referrers\/([^/]+)$/],
] as const;

export function parseRoute(pathname: string): Route | undefined {
  if (pathname === "/v2/" || pathname === "/v2") return { to: "base" };
  if (pathname === "/v2/_catalog") return { to: "catalog" };
  for (const [to, pattern] of routes) {
    const match = pattern.exec(pathname);
    if (match !== null) return { to, name: match[1] ?? "", reference: decodeURIComponent(match[2] ?? "") };
  }
  return undefined;
}

const noBytes = new Uint8Array(0);

export function answer(status: number, headers: Answer["headers"] = {}, body: Uint8Array = noBytes): Answer {
  return { status, headers, body };
}

export function jsonAnswer(status: number, value: unknown, headers: Answer["headers"] = {}): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return answer(status, { "content-type": "application/json", ...headers }, body);
}

/** The specification's error body. */
export function errorAnswer(status: number, code: string, message: string): Answer {
  return jsonAnswer(status, { errors: [{ code, message, detail: null }] });
}

/** The error for a request that violates the specification. It is recorded as a violation too. */
export function refuse(registry: Registry, exchange: Exchange, error: readonly [number, string, string]): Answer {
  const [status, code, message] = error;
  registry.violation(`${exchange.method} ${exchange.url.pathname}: ${message}`);
  return errorAnswer(status, code, message);
}
