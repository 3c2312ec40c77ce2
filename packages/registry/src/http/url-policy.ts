import type { Network } from "./network.ts";

/** Where the address stood: a challenge's realm, Location of an upload, Link to a next page, or a redirect. */
export type UrlSource = "realm" | "location" | "link" | "redirect";

export interface SuppliedUrl {
  /** The URL whose response held the address; relative addresses are resolved against it. */
  readonly from: URL;
  /** `HttpResponse.network`. Undefined: judged by the host of `from`; a name counts as public. */
  readonly network?: Network | undefined;
  readonly to: string;
  readonly source: UrlSource;
  /** How many addresses were followed before this one. */
  readonly hops?: number;
}

export interface UrlDecision {
  readonly url: URL;
  /** What `url` is to `from`. Credentials go along with "same-origin" only; a realm's rule may accept "same-host" (another port). */
  readonly credentials: "same-origin" | "same-host" | "drop";
  /** To be given to the request that follows it (`HttpRequest.reach`), so that names are held to it when they are resolved. */
  readonly reach: Network | undefined;
}

/** @throws OciError OCI_REALM_REFUSED for realms, OCI_REDIRECT_REFUSED for all others */
export function decideUrl(supplied: SuppliedUrl): UrlDecision {
  return { url: new URL(supplied.to, supplied.from), credentials: "drop", reach: undefined };
}
