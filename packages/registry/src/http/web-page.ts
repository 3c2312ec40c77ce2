import type { HttpHeaders } from "./headers.ts";

/** A sign-in page, a proxy's own, or an app that answers every address. HTML that was asked for is content all the same. */
export function isWebPage({ headers }: { readonly headers: HttpHeaders }): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(headers.get("content-type") ?? "");
}
