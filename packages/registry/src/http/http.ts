/** The types of the HTTP client: requests, responses, options. */
import type { LookupFunction } from "node:net";
import type { ByteStream } from "../content.ts";
import type { HttpHeaders } from "./headers.ts";
import type { Network } from "./addresses/network.ts";
import type { Origin } from "./addresses/origin.ts";
import type { ProxyOptions } from "./addresses/proxy.ts";
import type { RetryPolicy } from "./retries/retry.ts";
import type { TlsOptions } from "./tls/tls.ts";
import type { TimeAndChance, RetryBudget } from "./retries/retry-budget.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Bytes that can be sent again from the start. Content-Length is `length`; it is an error if `open` yields more or fewer bytes. */
export interface HttpBody {
  readonly length: number;
  open(): ByteStream;
}

export interface HttpRequest {
  readonly method: HttpMethod;
  /** http or https. Userinfo is not sent. */
  readonly url: URL;
  /** Sent on every hop: Accept, Range, Content-Type … No secrets: Authorization, Cookie and the like are refused here. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Authorization and a user's own headers: sent to the origin of `url` only, and no more after a redirect has left it. */
  readonly originHeaders?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | HttpBody;
  /**
   * "follow": through `decideUrl`; 307 and 308 keep method and body, 303 becomes a GET. "same-origin": as "follow", but a redirect to
   * another origin is refused (bodies that hold secrets). "return": the redirect itself is the response.
   * Default: "follow" for GET and HEAD, "return" for all others.
   */
  readonly redirects?: "follow" | "same-origin" | "return";
  /**
   * "retry": every transient fault up to the response's headers. "refused": only if the server said that it did
   * nothing (429, 503) or was not reached. "once": no retry.
   * Default: "retry" for GET, HEAD, PUT and DELETE, "refused" for POST and PATCH.
   */
  readonly retries?: "retry" | "refused" | "once";
  /** Statuses that the caller handles: they are not treated as faults and not retried. */
  readonly answers?: readonly number[];
  /** A budget shared with other requests. Default: a new one under the transport's policy. */
  readonly retryBudget?: RetryBudget | undefined;
  /** "new": opens a new connection, because the data received over the old one was wrong. Default "any". */
  readonly connection?: "any" | "new";
  /** `UrlDecision.allowedNetwork`: the server's address may be in this class of network or a more public one. Undefined: the user named the host. */
  readonly allowedNetwork?: Network | undefined;
  /** Default: the transport's. */
  readonly stallTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** The URL that answered, after redirects. Not redacted. */
  readonly url: URL;
  readonly headers: HttpHeaders;
  /** The class of network of the server's address; undefined behind a proxy. Pass it to `decideUrl`. */
  readonly network: Network | undefined;
  /** The networks that this server was allowed to be on; undefined if the user named the host. Pass it to `decideUrl`. */
  readonly allowedNetwork: Network | undefined;
  /**
   * Can be read once. Ending the loop early frees the connection. A cut or stalled body throws OciError OCI_UNAVAILABLE;
   * if the loop ends without an error, all bytes that the server announced have arrived.
   */
  readonly body: ByteStream;
  /** Drops the rest of the body and frees the connection. */
  discard(): Promise<void>;
  /** @throws OciError OCI_LIMIT_EXCEEDED, OCI_UNAVAILABLE */
  bytes(maxBytes: number): Promise<Uint8Array>;
  /** The body as UTF-8; invalid bytes become U+FFFD. @throws OciError OCI_LIMIT_EXCEEDED, OCI_UNAVAILABLE */
  text(maxBytes: number): Promise<string>;
}

export interface Transport {
  /**
   * Returns the response after retries and redirects, whatever its status.
   * @throws OciError OCI_UNAVAILABLE (network, with its cause), OCI_REDIRECT_REFUSED, OCI_LIMIT_EXCEEDED (headers),
   *   OCI_RESPONSE_INVALID, OCI_UNSUPPORTED (plain http to a host that does not allow it), or the signal's reason
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Closes every connection; requests in progress fail. Can be used again: the next `send` opens new connections. */
  close(): Promise<void>;
}

/** One attempt at one hop, reported when its response headers have arrived or it has failed. Contains no secrets. */
export interface HttpEvent {
  readonly method: HttpMethod;
  /** Redacted: without userinfo, only query values that are known to be harmless, and after a redirect no path. */
  readonly url: string;
  /** Undefined if there was no response. */
  readonly status: number | undefined;
  /** Code of the failure, such as ECONNRESET. */
  readonly failure: string | undefined;
  /** 1 for the first. */
  readonly attempt: number;
  /** 0 for the request itself, 1 after the first redirect … */
  readonly hop: number;
}

export interface TransportOptions extends TimeAndChance {
  readonly userAgent?: string | undefined;
  /** Default: both, in parallel (RFC 8305). */
  readonly family?: 4 | 6 | undefined;
  /** Default: the system's resolver. */
  readonly lookup?: LookupFunction | undefined;
  readonly proxy?: ProxyOptions | undefined;
  readonly tls?: ((origin: Origin) => TlsOptions | undefined) | undefined;
  /** `host` is host[:port]. Default: "allow" for loopback hosts only. */
  readonly plainHttp?: ((host: string) => "allow" | "refuse") | undefined;
  /** Name lookup, TCP and TLS together. Default 10 s. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * The longest time without a byte in either direction while one is expected. Default 60 s; at least 5 min for the answer
   * to a body of more than 256 KiB. The total time is not limited.
   */
  readonly stallTimeoutMs?: number | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Default 8. */
  readonly connectionsPerOrigin?: number | undefined;
  readonly onRequest?: ((event: HttpEvent) => void) | undefined;
  /** Takes further secrets out of the URLs of events: a server chooses the addresses of uploads and pages. */
  readonly redact?: ((url: string) => string) | undefined;
}
