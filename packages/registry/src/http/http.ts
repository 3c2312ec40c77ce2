/** The words of the HTTP client: what goes in, what comes out. */
import type { LookupFunction } from "node:net";
import type { ByteStream } from "../content.ts";
import type { HttpHeaders } from "./headers.ts";
import type { Network } from "./addresses/network.ts";
import type { Origin } from "./addresses/origin.ts";
import type { ProxyOptions } from "./addresses/proxy.ts";
import type { RetryPolicy } from "./retry.ts";
import type { TlsOptions } from "./tls.ts";
import type { TimeAndChance, RetryBudget } from "./retry-budget.ts";

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Bytes that can be sent again from the start. Content-Length is `length`; other than that many bytes is an error. */
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
  /** Authorization and a user's own headers: sent to the origin of `url` only, and never again once a redirect left it. */
  readonly originHeaders?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | HttpBody;
  /**
   * "follow": through `decideUrl`; 307 and 308 keep method and body, 303 becomes a GET. "same-origin": a redirect to
   * another origin is refused (bodies that hold secrets). "return": the redirect is the response.
   * Default: "follow" for GET and HEAD, "return" for all others.
   */
  readonly redirects?: "follow" | "same-origin" | "return";
  /**
   * "retry": every transient fault up to the response's headers. "refused": only where the server said that it did
   * nothing (429, 503) or was never reached. "once": no second try.
   * Default: "retry" for GET, HEAD, PUT and DELETE, "refused" for POST and PATCH.
   */
  readonly retries?: "retry" | "refused" | "once";
  /** Statuses that the caller knows what to do with: they are no faults, and not retried. */
  readonly answers?: readonly number[];
  /** Shared with other requests. Default: this request's own, by the transport's policy. */
  readonly retryBudget?: RetryBudget | undefined;
  /** "new": not one that was used before, because what came over it was wrong. Default "any". */
  readonly connection?: "any" | "new";
  /** As `decideUrl` gave it with the address: the server may be on such networks only. Undefined: the person named the host. */
  readonly allowedNetwork?: Network | undefined;
  /** In place of the transport's own. */
  readonly stallTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** The URL that answered, after redirects. Not redacted. */
  readonly url: URL;
  readonly headers: HttpHeaders;
  /** Where the server that answered was found; undefined behind a proxy. Give it to `decideUrl`. */
  readonly network: Network | undefined;
  /** What that server was held to; undefined: the person named it. Give it to `decideUrl`. */
  readonly allowedNetwork: Network | undefined;
  /**
   * To be read once. Ending the loop early frees the connection. A cut or stalled body throws OciError OCI_UNAVAILABLE;
   * an end without error means that as many bytes came as the server announced.
   */
  readonly body: ByteStream;
  /** The rest of the body is of no interest: frees the connection. */
  discard(): Promise<void>;
  /** @throws OciError OCI_LIMIT_EXCEEDED, OCI_UNAVAILABLE */
  bytes(maxBytes: number): Promise<Uint8Array>;
  /** As UTF-8; what is no UTF-8 becomes U+FFFD. @throws OciError OCI_LIMIT_EXCEEDED, OCI_UNAVAILABLE */
  text(maxBytes: number): Promise<string>;
}

export interface Transport {
  /**
   * Any status is a response. Retries and redirects are done before it is returned.
   * @throws OciError OCI_UNAVAILABLE (network, with its cause), OCI_REDIRECT_REFUSED, OCI_LIMIT_EXCEEDED (headers),
   *   OCI_RESPONSE_INVALID, OCI_UNSUPPORTED (plain http to a host for which it is not allowed), or the signal's reason
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Ends every connection; what is under way fails. Usable again: the next `send` connects anew. */
  close(): Promise<void>;
}

/** One attempt at one hop, told when its response's headers or its failure is there. Holds no secret. */
export interface HttpEvent {
  readonly method: HttpMethod;
  /** Redacted: no userinfo, and of the query only values that are known to be harmless. */
  readonly url: string;
  /** Undefined: no response. */
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
  /** Default: both raced (RFC 8305). */
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
   * No byte in either direction for so long, while one is waited for. Default 60 s; the answer to a body of more than
   * 256 KiB has at least 5 min. There is no limit on the whole.
   */
  readonly stallTimeoutMs?: number | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Default 8. */
  readonly connectionsPerOrigin?: number | undefined;
  readonly onRequest?: ((event: HttpEvent) => void) | undefined;
}
