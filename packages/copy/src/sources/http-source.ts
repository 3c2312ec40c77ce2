/**
 * A plain TUF repository over HTTP(S). Only 404 and 410 mean that a file does not exist. An answer of 403, 401, 429 or 5xx
 * is a failure and does not end the root chain, because a server that denies access must not hide a rotation.
 */
import { collect, counted, mediaTypes } from "@dtuf/registry";
import type { HttpRequest, HttpResponse, Transport } from "@dtuf/registry/http";
import { CopyError } from "../errors.ts";
import { encodeName, metadataName, targetNames } from "./plain-names.ts";
import type { MetadataFile, MetadataRequest, PartOptions, PartStream, Source, TargetInfo } from "./source.ts";
import { refusePageForMetadata, refusePageForTarget, showUrl } from "./web-page.ts";
import { wholeTarget } from "./whole-target.ts";

export interface HttpSourceOptions {
  /** If it has a query, the query is sent with every file. The same holds for `targetBaseUrl`. */
  readonly metadataUrl: URL;
  /** Default: `targetsBeside(metadataUrl)`. */
  readonly targetBaseUrl?: URL | undefined;
  readonly transport: Transport;
  /**
   * Returns headers, such as credentials, for the origin of a request. They are never sent to another origin, nor after a
   * redirect left it.
   */
  readonly originHeaders?: ((origin: string) => Readonly<Record<string, string>>) | undefined;
  /**
   * A status, in addition to 404 and 410, that means "not found" for the next root, if the metadata's own origin answers it.
   * Object stores answer 403 to a reader who may not list. Default: no other status, because a server that denies access by
   * mistake would hide a rotation.
   */
  readonly absentRootStatus?: 403 | undefined;
  /** Name in events and errors. Default: the host of `metadataUrl`. */
  readonly name?: string | undefined;
}

/**
 * Creates a source that reads a plain TUF repository at a URL. Makes no request yet.
 *
 * Redirects are followed under the transport's rules. 404 and 410 mean "not found"; any other error status, and a web page
 * instead of a file, throws a CopyError (COPY_STATUS, COPY_WEB_PAGE).
 */
export function createHttpSource(options: HttpSourceOptions): Source {
  const { metadataUrl } = options;
  const get = createGet(options);
  const urlOf = ({ role, version }: MetadataFile): URL => below(metadataUrl, [metadataName(role, version)]);
  const targetBaseUrl = options.targetBaseUrl ?? targetsBeside(metadataUrl);
  const findMetadata = (request: MetadataRequest): Promise<Uint8Array | undefined> =>
    getMetadata(get, { ...options, url: urlOf(request) }, request);
  const describe = (file: MetadataFile): string => showUrl(urlOf(file));
  return {
    sites: [
      {
        name: options.name ?? metadataUrl.host,
        openView: () => ({ findMetadata, describe }),
        parts: ({ file }) => wholeTarget(file),
        openPart: (target, _part, partOptions) => openTarget(get, { base: targetBaseUrl, target }, partOptions),
      },
    ],
  };
}

/** The URL of `targets/` next to the metadata, with the same query. */
export function targetsBeside(metadataUrl: URL): URL {
  const url = new URL("../targets/", withSlash(metadataUrl));
  url.search = metadataUrl.search;

  return url;
}

type Get = (url: URL, request: Pick<HttpRequest, "headers" | "signal">) => Promise<HttpResponse>;

function createGet({ transport, originHeaders }: HttpSourceOptions): Get {
  return (url, request) =>
    transport.send({ method: "GET", url, ...request, originHeaders: originHeaders?.(url.origin) ?? {} });
}

async function getMetadata(
  get: Get,
  { url, absentRootStatus }: Pick<HttpSourceOptions, "absentRootStatus"> & { readonly url: URL },
  { role, version, maxBytes, signal, onBytes }: MetadataRequest,
): Promise<Uint8Array | undefined> {
  const response = await get(url, { signal });
  const isAbsentRoot = role === "root" && version !== undefined && response.status === absentRootStatus;
  if (isAbsentRoot && response.url.origin === url.origin) {
    await response.discard();
    return undefined;
  }
  if (!(await isThere(response, role))) return undefined;
  return collect(counted(refusePageForMetadata(response), onBytes), maxBytes);
}

interface Wanted {
  readonly base: URL;
  readonly target: TargetInfo;
}

async function openTarget(get: Get, { base, target }: Wanted, options: PartOptions): Promise<PartStream | undefined> {
  for (const names of targetNames(target)) {
    const url = below(base, names.map(encodeName));
    const found = await openUrl(get, { url, length: target.length }, options);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function openUrl(
  get: Get,
  { url, length }: { readonly url: URL; readonly length: number },
  { prefix, signal }: PartOptions,
): Promise<PartStream | undefined> {
  const headers = { accept: mediaTypes.octetStream };
  if (prefix !== undefined) {
    const range = { ...headers, range: `bytes=${prefix.bytes}-` };
    const response = await get(url, { headers: range, signal });
    if (response.status === 206 && continuesAt(response, prefix.bytes)) {
      return { from: prefix.bytes, stream: response.body };
    }
    // A server without range support sends the whole file. After any other answer, request it again without a range.
    if (response.status === 200) return { from: 0, stream: refusePageForTarget(response, length) };
    await response.discard();
  }
  const response = await get(url, { headers, signal });
  return (await isThere(response, "target")) ? { from: 0, stream: refusePageForTarget(response, length) } : undefined;
}

function continuesAt(response: HttpResponse, offset: number): boolean {
  return response.headers.get("content-range")?.startsWith(`bytes ${offset}-`) === true;
}

/** @throws CopyError COPY_STATUS for a status that means neither success nor "not found" */
async function isThere(response: HttpResponse, what: string): Promise<boolean> {
  const { status } = response;
  if (status === 200) return true;
  await response.discard();
  if (status === 404 || status === 410) return false;
  const url = showUrl(response.url);
  throw new CopyError("COPY_STATUS", `${url} answered with status ${status}`, { details: { url, status, what } });
}

/** Does not use `new URL(name, base)`, because a name that begins with `//` or a scheme would lead to another host. */
function below(base: URL, names: readonly string[]): URL {
  const url = withSlash(base);
  url.pathname += names.join("/");
  return url;
}

function withSlash(base: URL): URL {
  const url = new URL(base);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  url.hash = "";
  return url;
}
