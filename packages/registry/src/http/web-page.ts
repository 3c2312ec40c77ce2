import type { HttpHeaders } from "./headers.ts";

/** Whether the response is HTML, such as a sign-in page or a proxy's error page. Requested content may be HTML too. */
export function isWebPage({ headers }: { readonly headers: HttpHeaders }): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(headers.get("content-type") ?? "");
}
