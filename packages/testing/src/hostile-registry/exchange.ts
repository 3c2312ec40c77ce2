/** One request and its answer, as the parts of the hostile registry hand them to each other. */
import type { IncomingHttpHeaders } from "node:http";
import type { RegistryContent } from "./content.ts";

/** What this registry can do; each may be taken away, as some registry in the world lacks it. */
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
  /** What upload Locations look like: both are allowed by the specification. */
  readonly locations: "relative" | "absolute";
  /** Entries in a page of a list where the client asks for no number, and the most it gets. */
  readonly pageSize: number;
  /** Sent as OCI-Chunk-Min-Length and enforced. 0: none. */
  readonly chunkMinBytes: number;
  /** A PATCH above it is answered 416, as GHCR does. */
  readonly chunkMaxBytes: number;
  /** A PUT or POST of blob content above it is answered 413, as Azure's registry does. */
  readonly putMaxBytes: number;
  readonly manifestMaxBytes: number;
}

export interface LoggedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Bytes of the body that came through. */
  readonly bodyBytes: number;
  /** What was answered; undefined: nothing, or nothing yet. */
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
  /** Whether the credentials of this request may read that repository. */
  readonly mayPull: (repository: string) => boolean;
}

export interface Registry {
  readonly origin: string;
  readonly content: RegistryContent;
  readonly manners: Manners;
  /** Notes that the client broke a rule of the specification, whatever is answered. */
  readonly violation: (what: string) => void;
}

/** Where in the API a request goes; undefined: nowhere. */
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

/** The error for a request that no rule of the specification allows; it is noted as a violation too. */
export function refuse(registry: Registry, exchange: Exchange, error: readonly [number, string, string]): Answer {
  const [status, code, message] = error;
  registry.violation(`${exchange.method} ${exchange.url.pathname}: ${message}`);
  return errorAnswer(status, code, message);
}
