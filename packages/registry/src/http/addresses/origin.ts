/** Credentials, custom headers and client certificates belong to one origin: scheme, host and port (RFC 6454). */

declare const originBrand: unique symbol;

/** `scheme://host[:port]` as the URL standard writes it: lower case, default port left out. */
export type Origin = string & { readonly [originBrand]: true };

/** @throws TypeError for a URL that is neither http nor https: only these have an origin that can be compared. */
export function originOf(url: URL): Origin {
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new TypeError(`no http(s) URL: ${url.protocol}`);
  return url.origin as Origin;
}
