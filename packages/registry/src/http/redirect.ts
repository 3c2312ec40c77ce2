/** The next hop of a redirect. */
import { OciError } from "../errors.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import type { Network } from "./addresses/network.ts";
import { redactUrl } from "./addresses/redact.ts";
import { decideUrl } from "./addresses/url-policy.ts";

export interface Hop {
  readonly index: number;
  readonly method: HttpRequest["method"];
  readonly url: URL;
  readonly body: HttpRequest["body"];
  readonly allowedNetwork: Network | undefined;
  /** "elsewhere" after a redirect has left the request's own origin, even if a later one returns to it. */
  readonly where: "origin" | "elsewhere";
  readonly what: "whole" | "head";
}

export function firstHop(request: HttpRequest): Hop {
  const { method, url, body, allowedNetwork } = request;
  return { index: 0, method, url, body, allowedNetwork, where: "origin", what: "whole" };
}

/** Returns undefined if the response is final. @throws OciError OCI_REDIRECT_REFUSED */
export function nextHop(request: HttpRequest, hop: Hop, response: HttpResponse): Hop | undefined {
  const reads = hop.method === "GET" || hop.method === "HEAD";
  const mode = request.redirects ?? (reads ? "follow" : "return");
  const to = response.headers.get("location");
  if (mode === "return" || to === undefined) return undefined;
  const kind = redirectKind(response.status, reads ? "read" : "write");
  if (kind === undefined) return undefined;
  const { network, allowedNetwork } = response;
  const decision = decideUrl({ from: hop.url, network, allowedNetwork, to, source: "redirect", hops: hop.index });
  const stays = decision.credentials === "same-origin";
  if (mode === "same-origin" && !stays) throw leaves(hop.url, decision.url);
  return {
    index: hop.index + 1,
    url: decision.url,
    allowedNetwork: decision.allowedNetwork,
    where: stays ? hop.where : "elsewhere",
    ...(kind === "same" ? { method: hop.method, body: hop.body, what: hop.what } : asGet),
  };
}

const asGet = { method: "GET", body: undefined, what: "head" } as const;

/** RFC 9110, 15.4. A 301 or 302 to a request other than GET or HEAD is ambiguous, so the caller gets it as the response. */
function redirectKind(status: number, request: "read" | "write"): "same" | "get" | undefined {
  if (status === 307 || status === 308) return "same";
  if (status === 303) return request === "read" ? "same" : "get";
  return (status === 301 || status === 302) && request === "read" ? "same" : undefined;
}

function leaves(from: URL, to: URL): OciError {
  return new OciError("OCI_REDIRECT_REFUSED", `${redactUrl(from)} redirects to another origin: ${to.origin}`, {
    details: { from: redactUrl(from), to: redactUrl(to) },
  });
}
