/** Reads lists in pages: follows each `Link` to the next page on the same origin, up to a bounded number of pages. */
import { digestOf, type Digest } from "../../oci/digest.ts";
import { OciError } from "../../errors.ts";
import { decideUrl, type HttpResponse } from "../../http/index.ts";
import type { Registry } from "./context.ts";
import { invalidResponse, parseJsonObject, sendForBytes, type WholeResponse } from "./read-body.ts";
import type { RegistryRequest } from "./send.ts";
import {
  idlePagesMax,
  linkMaxBytes,
  listMaxBytes,
  namesMax,
  pageMaxBytes,
  pagesMax,
  pageSize,
} from "./store-limits.ts";

/**
 * Yields the pages with status 200; none if the first one has another expected status.
 * @throws OciError OCI_LIMIT_EXCEEDED if there are too many pages or bytes, OCI_REDIRECT_REFUSED, OCI_RESPONSE_INVALID if a page links to an earlier one, or to one that is not there:
 *   a part of a list must not pass for the whole
 */
export async function* readPages(registry: Registry, first: RegistryRequest): AsyncGenerator<WholeResponse> {
  const seen = new Set<string>();
  const contents = new Set<Digest>();
  let [idle, bytes] = [0, 0];
  let { url, allowedNetwork }: Partial<Page> = first;
  while (url !== undefined) {
    if (seen.size >= pagesMax) throw tooMany(first.url, pagesMax, "pages");
    if (seen.has(url.href)) throw repeated(url);
    seen.add(url.href);
    const page: WholeResponse = await sendForBytes(registry, { ...first, url, allowedNetwork }, pageMaxBytes);
    if (page.response.status !== 200) {
      if (seen.size === 1) return;
      throw invalidResponse(page.response, `has status ${page.response.status}, although the page before it names it`);
    }
    const content = digestOf(page.bytes);
    idle = contents.has(content) ? idle + 1 : 0;
    if (idle > idlePagesMax) throw tooMany(first.url, idlePagesMax, "pages with nothing new");
    if ((bytes += page.bytes.length) > listMaxBytes) throw tooMany(first.url, listMaxBytes, "bytes");
    contents.add(content);
    yield page;
    ({ url, allowedNetwork } = nextPage(page.response) ?? {});
  }
}

/** Yields every name of a list once. A list of `null` counts as empty. @throws as `readPages`; OciError OCI_LIMIT_EXCEEDED for more than `namesMax` */
export async function* listNames(
  registry: Registry,
  request: RegistryRequest,
  field: "tags" | "repositories",
): AsyncGenerator<string> {
  const known = new Set<string>();
  const url = new URL(request.url);
  url.searchParams.set("n", String(pageSize));
  for await (const page of readPages(registry, { ...request, url })) {
    const fresh = namesOf(page, field).filter((name) => !known.has(name) && known.add(name));
    if (known.size > namesMax) throw tooMany(request.url, namesMax, field);
    yield* fresh;
  }
}

function namesOf(page: WholeResponse, field: string): readonly string[] {
  const object = parseJsonObject(page);
  if ("errors" in object) throw invalidResponse(page.response, "has status 200, and errors");
  const names = object[field] ?? [];
  if (!Array.isArray(names)) throw invalidResponse(page.response, `has no list of ${field}`);
  return names.map((name: unknown) => {
    if (typeof name !== "string") throw invalidResponse(page.response, `has ${field} that are not strings`);
    return name;
  });
}

type Page = Pick<RegistryRequest, "url" | "allowedNetwork">;

function nextPage(response: HttpResponse): Page | undefined {
  const headers = response.headers.all("link");
  if (headers.some((header) => header.length > linkMaxBytes))
    throw invalidResponse(response, "has a Link that is too long");
  const to = headers.flatMap(parseLinks).find(({ rels }) => rels.includes("next"))?.to;
  if (to === undefined) return undefined;
  const { url: from, network, allowedNetwork } = response;
  return decideUrl({ from, network, allowedNetwork, to, source: "link" });
}

/** One parameter of a link: its name, and its value in quotes or without. */
const linkParameter = /;\s*([^\s=;,"]+)\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?/g;

/** RFC 8288: `<address>; rel="next", <address>; …`. The value of `rel` is a list of words, and a second `rel` does not count. */
function parseLinks(header: string): readonly { readonly to: string; readonly rels: readonly string[] }[] {
  return [...header.matchAll(/<([^<>]*)>([^<]*)/g)].map(([, to = "", parameters = ""]) => {
    const rel = [...parameters.matchAll(linkParameter)].find(([, name]) => name?.toLowerCase() === "rel");
    return { to, rels: (rel?.[2] ?? rel?.[3] ?? "").toLowerCase().replaceAll("'", "").split(/\s+/) };
  });
}

/** A list that does not end, or that is longer than any real one. */
export function tooMany(url: URL, limit: number, what: string): OciError {
  const shown = `${url.origin}${url.pathname}`;
  return new OciError("OCI_LIMIT_EXCEEDED", `the list at ${shown} is too long: more than ${limit} ${what}`, {
    details: { url: shown, limit },
  });
}

function repeated(url: URL): OciError {
  const shown = `${url.origin}${url.pathname}`;
  return new OciError("OCI_RESPONSE_INVALID", `the list at ${shown} links to an earlier page`, {
    details: { url: shown },
  });
}
