/**
 * Decides which token server a registry may direct the client to. The realm is text from the server, and the password or
 * refresh token is sent there, so with credentials it must be on the registry's own host (any port), in a table of known
 * pairs, or on the host that the user named. Without credentials any public realm is allowed, because no secret is sent.
 */
import { redactPlace } from "../../escape/redact-place.ts";
import { OciError } from "../../errors.ts";
import { networkOf, type Network } from "../../http/addresses/network.ts";
import { decideUrl, type UrlDecision } from "../../http/addresses/url-policy.ts";

export interface RealmRequest {
  readonly registry: URL;
  /** The URL whose response contained the challenge. */
  readonly challenged: URL;
  readonly network: Network | undefined;
  readonly realm: string;
  /** host[:port] that replaces the realm's host. */
  readonly authHost: string | undefined;
  readonly secrets: "none" | "some";
}

export type RealmDecision = Pick<UrlDecision, "url" | "allowedNetwork">;

/** Registry host -> token server, both https on the default port. */
const pairs: ReadonlyMap<string, string> = new Map([
  ["docker.io", "auth.docker.io"],
  ["index.docker.io", "auth.docker.io"],
  ["registry-1.docker.io", "auth.docker.io"],
  ["registry.gitlab.com", "gitlab.com"],
]);

/** @throws OciError OCI_REALM_REFUSED, OCI_INSECURE_CREDENTIALS */
export function decideRealm(request: RealmRequest): RealmDecision {
  const decision = request.authHost === undefined ? suppliedRealm(request) : namedRealm(request, request.authHost);
  if (request.secrets === "some") requireSecure(decision.url);
  return decision;
}

function suppliedRealm(request: RealmRequest): RealmDecision {
  const { registry, challenged: from, network, realm: to, secrets } = request;
  const { url, allowedNetwork } = decideUrl({ from, network, to, source: "realm" });
  if (secrets === "some" && url.hostname !== registry.hostname && pairs.get(registry.host) !== url.host) {
    const wanted = `to allow that host set DTUF_AUTH_HOST=${url.host}`;
    throw refuse(request, `asks for credentials at ${url.host}, which is another host; ${wanted}`);
  }
  return { url, allowedNetwork };
}

/** The user named the host. Only path and query come from the server. */
function namedRealm(request: RealmRequest, authHost: string): RealmDecision {
  const url = URL.parse(request.realm, request.challenged.href);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw refuse(request, "names a realm that is not an http(s) URL");
  if (url.username !== "" || url.password !== "") throw refuse(request, "names a realm with userinfo");
  const named = new URL(`${url.protocol}//${authHost}`);
  named.pathname = url.pathname;
  named.search = url.search;
  if (request.registry.protocol === "https:") named.protocol = "https:";
  return { url: named, allowedNetwork: undefined };
}

/** @throws TypeError for anything but host[:port] */
export function parseAuthHost(text: string): string {
  const url = URL.parse(`https://${text}/`);
  if (url === null || /[/\\?#@\s]/.test(text) || url.hostname === "") {
    throw new TypeError(`authHost: wanted host[:port], got ${JSON.stringify(redactPlace(text))}`);
  }
  return text;
}

function refuse({ registry }: RealmRequest, what: string): OciError {
  return new OciError("OCI_REALM_REFUSED", `${registry.host} ${what}`, { details: { registry: registry.host } });
}

/**
 * Secrets are sent over TLS or to this machine only. `*.localhost` is not accepted, because a resolver may ask a name server.
 * @throws OciError OCI_INSECURE_CREDENTIALS
 */
export function requireSecure(url: URL, what = "credentials"): void {
  if (url.protocol === "https:") return;
  if (networkOf(url.hostname) === "loopback" && !url.hostname.endsWith(".localhost")) return;
  throw new OciError(
    "OCI_INSECURE_CREDENTIALS",
    `${what} for ${url.host} would be sent over plain http; wanted https or a loopback address`,
    { details: { host: url.host } },
  );
}
