/** Credentials, custom headers and client certificates belong to one origin: scheme, host and port (RFC 6454). */

declare const originBrand: unique symbol;

/** `scheme://host[:port]` in the URL standard's form: lower case, without the default port. */
export type Origin = string & { readonly [originBrand]: true };

/** @throws TypeError if the URL is neither http nor https, because other URLs have no comparable origin */
export function originOf(url: URL): Origin {
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new TypeError(`not an http(s) URL: ${url.protocol}`);
  return url.origin as Origin;
}
