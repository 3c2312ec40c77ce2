/**
 * Decides about every address that a server supplies. No I/O: a resolved name is checked against `allowedNetwork` when it is
 * connected to. Refused: schemes other than http(s), https to http, userinfo, an address on a more private network than the
 * server that supplied it, a Link to another origin, too many hops. Followed without credentials: every other address with
 * another origin, because the distribution spec allows uploads, blobs and tokens on other hosts.
 */
import { OciError } from "../../errors.ts";
import { redirectsMax } from "../limits.ts";
import { mayReach, networkOf, type Network } from "./network.ts";
import { redactUrl } from "./redact.ts";

/** Where the address was found: a challenge's realm, an upload's Location, a Link to the next page, or a redirect. */
export type UrlSource = "realm" | "location" | "link" | "redirect";

export interface SuppliedUrl {
  /** The URL whose response contained the address. Relative addresses are resolved against it. */
  readonly from: URL;
  /** `HttpResponse.network`. If undefined, the host of `from` decides; a name counts as public. */
  readonly network?: Network | undefined;
  /** `HttpResponse.allowedNetwork`: applies to the next request too if the origin stays the same. */
  readonly allowedNetwork?: Network | undefined;
  readonly to: string;
  readonly source: UrlSource;
  /** Number of addresses followed before this one. */
  readonly hops?: number;
}

export interface UrlDecision {
  /** Without fragment. */
  readonly url: URL;
  /** The relation of `url` to `from`. Credentials are sent to "same-origin" only; the rule for realms may accept "same-host" (another port). */
  readonly credentials: "same-origin" | "same-host" | "drop";
  /** For the request to `url` (`HttpRequest.allowedNetwork`). Unchanged if the origin is the same. */
  readonly allowedNetwork: Network | undefined;
}

/** @throws OciError OCI_REALM_REFUSED for realms, OCI_REDIRECT_REFUSED for all others */
export function decideUrl(supplied: SuppliedUrl): UrlDecision {
  const { from } = supplied;
  const url = URL.parse(supplied.to, from.href);
  if (url === null) throw refused(supplied, "it is not a valid URL", undefined);
  url.hash = "";
  if (supplied.source === "location") keepTls(url, from);
  const network = supplied.network ?? networkOf(from.hostname) ?? "public";
  const reason = reasonToRefuse(supplied, url, network);
  if (reason !== undefined) throw refused(supplied, reason, url);
  if (url.origin === from.origin) return { url, credentials: "same-origin", allowedNetwork: supplied.allowedNetwork };
  return { url, credentials: url.hostname === from.hostname ? "same-host" : "drop", allowedNetwork: network };
}

/** A registry behind a TLS proxy may write its own address as http://, because it does not know about the proxy. */
function keepTls(url: URL, from: URL): void {
  const isSame = url.hostname === from.hostname && (url.port === "" || url.port === from.port);
  if (from.protocol !== "https:" || url.protocol !== "http:" || !isSame) return;
  url.protocol = "https:";
  url.port = from.port;
}

function reasonToRefuse(supplied: SuppliedUrl, url: URL, network: Network): string | undefined {
  const { from } = supplied;
  if (url.protocol !== "https:" && url.protocol !== "http:") return "its scheme is neither https nor http";
  if (from.protocol === "https:" && url.protocol === "http:") return "it leads from https to http";
  if (url.username !== "" || url.password !== "") return "it holds a user name or password";
  if ((supplied.hops ?? 0) >= redirectsMax) return `more than ${redirectsMax} addresses were followed`;
  if (url.origin === from.origin) return undefined;
  if (supplied.source === "link") return "a next page must be on the same origin";
  const to = networkOf(url.hostname);
  if (to !== undefined && !mayReach(network, to)) return `it leads from a ${network} to a ${to} address`;
  return undefined;
}

function refused(supplied: SuppliedUrl, reason: string, url: URL | undefined): OciError {
  const { from, source } = supplied;
  const to = url === undefined || url.origin === "null" ? "an address" : redactUrl(url);
  return new OciError(
    source === "realm" ? "OCI_REALM_REFUSED" : "OCI_REDIRECT_REFUSED",
    `${source} of ${from.origin} to ${to} refused: ${reason}`,
    { details: { from: redactUrl(from), to, source, reason } },
  );
}
