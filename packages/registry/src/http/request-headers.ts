/** Decides which headers a request may have, and which of them are sent on each hop. */
import type { HttpRequest } from "./http.ts";
import { originOf } from "./addresses/origin.ts";

/** Headers that the connection sets, and headers that could change how the server interprets the request. */
const reserved: ReadonlySet<string> = new Set([
  ...["accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"],
  ...["proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
]);
const secrets: ReadonlySet<string> = new Set(["authorization", "cookie"]);

/**
 * @throws TypeError for a URL that is not of http(s), a name or value that is not a valid HTTP header, a reserved name, or
 * a secret outside `originHeaders`
 */
export function verifyRequest(request: HttpRequest): void {
  originOf(request.url);
  for (const name of Object.keys(request.headers ?? {})) {
    if (secrets.has(name.toLowerCase())) throw new TypeError(`${name} belongs to one origin: give it as originHeaders`);
  }
  for (const [name, value] of [
    ...Object.entries(request.headers ?? {}),
    ...Object.entries(request.originHeaders ?? {}),
  ]) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      throw new TypeError("a header's name has characters that are not allowed");
    if (reserved.has(name.toLowerCase())) throw new TypeError(`the header ${name} cannot be set`);
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
      throw new TypeError(`the header ${name} has characters that are not allowed`);
  }
}

/** `where`: "origin" until a redirect leaves the request's own origin. `what`: "head" after a redirect dropped the body. */
export function headersForHop(
  request: HttpRequest,
  hop: { readonly where: "origin" | "elsewhere"; readonly what: "whole" | "head" },
  userAgent: string,
): Readonly<Record<string, string>> {
  const given = [
    ...Object.entries(request.headers ?? {}),
    ...(hop.where === "origin" ? Object.entries(request.originHeaders ?? {}) : []),
  ];
  const headers = new Map([["user-agent", userAgent]]);
  for (const [name, value] of given) {
    const key = name.toLowerCase();
    if (hop.what === "whole" || !key.startsWith("content-")) headers.set(key, value);
  }
  headers.set("accept-encoding", "identity"); // digests are of the bytes as the registry stores them
  return Object.fromEntries(headers);
}
