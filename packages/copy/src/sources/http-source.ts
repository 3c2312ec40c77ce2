/**
 * A plain TUF repository over HTTP(S). Only 404 and 410 say that something is not there; a server that answers 403, 401,
 * 429 or 5xx has said nothing about it, so it cannot end the root chain: a denying server
 * must not freeze a rotation.
 */
import { collect, mediaTypes } from "@dtuf/registry";
import type { HttpRequest, HttpResponse, Transport } from "@dtuf/registry/http";
import { CopyError } from "../errors.ts";
import { counted } from "./counted.ts";
import { encodeName, metadataName, targetNames } from "./plain-names.ts";
import type { MetadataRequest, PartOptions, PartStream, Source, TargetInfo } from "./source.ts";
import { wholeTarget } from "./whole-target.ts";

export interface HttpSourceOptions {
  readonly metadataUrl: URL;
  /** Default: `targets/` beside the metadata. */
  readonly targetBaseUrl?: URL | undefined;
  readonly transport: Transport;
  /** Credentials and the like, for the origin of each request: never sent to another one, nor after a redirect left it. */
  readonly originHeaders?: ((origin: string) => Readonly<Record<string, string>>) | undefined;
  /** For events and errors; default the metadata's host. */
  readonly name?: string | undefined;
}

/**
 * A plain TUF repository behind a URL, to read from. Makes no request yet.
 *
 * Redirects are followed under the transport's rules. 404 and 410 mean "not there"; any other refusal throws an OciError.
 */
export function createHttpSource(options: HttpSourceOptions): Source {
  const { metadataUrl } = options;
  const get = createGet(options);
  const targetBaseUrl = options.targetBaseUrl ?? new URL("../targets/", withSlash(metadataUrl));
  const findMetadata = (request: MetadataRequest): Promise<Uint8Array | undefined> =>
    getMetadata(get, metadataUrl, request);
  return {
    sites: [
      {
        name: options.name ?? metadataUrl.host,
        openView: () => ({ findMetadata }),
        parts: ({ file }) => wholeTarget(file),
        openPart: (target, _part, partOptions) => openTarget(get, { base: targetBaseUrl, target }, partOptions),
      },
    ],
  };
}

type Get = (url: URL, request: Pick<HttpRequest, "headers" | "signal">) => Promise<HttpResponse>;

function createGet({ transport, originHeaders }: HttpSourceOptions): Get {
  return (url, request) =>
    transport.send({ method: "GET", url, ...request, originHeaders: originHeaders?.(url.origin) ?? {} });
}

async function getMetadata(
  get: Get,
  base: URL,
  { role, version, maxBytes, signal, onBytes }: MetadataRequest,
): Promise<Uint8Array | undefined> {
  const url = below(base, [metadataName(role, version)]);
  const response = await get(url, { signal });
  return (await isThere(response)) ? collect(counted(response.body, onBytes), maxBytes) : undefined;
}

interface Wanted {
  readonly base: URL;
  readonly target: TargetInfo;
}

async function openTarget(get: Get, { base, target }: Wanted, options: PartOptions): Promise<PartStream | undefined> {
  for (const names of targetNames(target)) {
    const found = await openUrl(get, below(base, names.map(encodeName)), options);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function openUrl(get: Get, url: URL, { prefix, signal }: PartOptions): Promise<PartStream | undefined> {
  const headers = { accept: mediaTypes.octetStream };
  if (prefix !== undefined) {
    const range = { ...headers, range: `bytes=${prefix.bytes}-` };
    const response = await get(url, { headers: range, signal });
    if (response.status === 206 && continuesAt(response, prefix.bytes)) {
      return { from: prefix.bytes, stream: response.body };
    }
    // A server that knows no ranges sends the whole; any other answer is asked for anew without one.
    if (response.status === 200) return { from: 0, stream: response.body };
    await response.discard();
  }
  const response = await get(url, { headers, signal });
  return (await isThere(response)) ? { from: 0, stream: response.body } : undefined;
}

function continuesAt(response: HttpResponse, offset: number): boolean {
  return response.headers.get("content-range")?.startsWith(`bytes ${offset}-`) === true;
}

/** @throws CopyError COPY_STATUS for whatever is neither "here it is" nor "it is not there" */
async function isThere(response: HttpResponse): Promise<boolean> {
  const { status, url } = response;
  if (status === 200) return true;
  await response.discard();
  if (status === 404 || status === 410) return false;
  const shown = `${url.origin}${url.pathname}`;
  throw new CopyError("COPY_STATUS", `${shown} answered with status ${status}`, { details: { url: shown, status } });
}

/** Never `new URL(name, base)`: a name that begins with `//` or a scheme would lead elsewhere. */
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
