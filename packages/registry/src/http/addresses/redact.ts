/** Removes secrets from a URL before it is shown. */
const harmless: ReadonlySet<string> = new Set([
  "account",
  "artifactType",
  "client_id",
  "digest",
  "digest-algorithm",
  "from",
  "last",
  "mount",
  "n",
  "scope",
  "service",
  "tag",
]);

/** Drops userinfo and fragment, and replaces each query value that is not known to be harmless (signatures, tokens, state) by `…`. */
export function redactUrl(url: URL): string {
  const parts = url.search === "" ? [] : url.search.slice(1).split("&");
  return `${url.origin}${url.pathname}${parts.length === 0 ? "" : `?${parts.map(redactPart).join("&")}`}`;
}

function redactPart(part: string): string {
  const end = part.indexOf("=");
  if (end < 0) return "…";
  const name = part.slice(0, end);
  return harmless.has(name) ? part : `${name}=…`;
}
