/**
 * A fetcher with which tuf-js's own Updater reads a dtuf repository from a store. tuf-js verifies; the fetcher only finds
 * bytes. tuf-js accepts only a DownloadHTTPError as "not found", and it exports that class only through a deep import.
 */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseVersion } from "@dtuf/format";
import type { ByteStream, ReadStore } from "@dtuf/registry";
import { DownloadHTTPError, DownloadLengthMismatchError } from "tuf-js/dist/error.js";
import { defaultDeadlines, openTimedView } from "../refresh/deadline.ts";
import type { MetadataView } from "../sources/source.ts";
import { createStoreSource } from "../sources/store-source.ts";
import { openNamedTarget } from "./named-target.ts";

export interface TufJsFetcherOptions {
  readonly store: ReadStore;
  /** The store of the targets, because Docker's layout has a separate repository for them. Default: the store itself. */
  readonly targets?: ReadStore | undefined;
  /** The base URLs given to tuf-js's Updater, such as `oci://repo/metadata` and `oci://repo/targets`. */
  readonly metadataBaseUrl: string;
  readonly targetBaseUrl: string;
  readonly signal?: AbortSignal | undefined;
}

/** The same as tuf-js's `Fetcher`. It is declared here because tuf-js's declarations need one of a package that it does not install. */
export interface TufJsFetcher {
  downloadFile<T>(url: string, maxLength: number, handler: (file: string) => Promise<T>): Promise<T>;
  downloadBytes(url: string, maxLength: number): Promise<Buffer>;
}

/**
 * Creates a fetcher for tuf-js's `Updater`. It finds bytes in a store; tuf-js verifies them.
 *
 * It throws tuf-js's DownloadHTTPError for "not found", and the errors of the store otherwise.
 */
export function createTufJsFetcher(options: TufJsFetcherOptions): TufJsFetcher {
  const { store, targets = store, signal } = options;
  const metadata = createMetadataReader(store, signal);
  const bases = { metadata: withSlash(options.metadataBaseUrl), targets: withSlash(options.targetBaseUrl) };

  async function open(url: string, maxLength: number): Promise<ByteStream> {
    if (url.startsWith(bases.metadata)) {
      const bytes = await metadata(decoded(url.slice(bases.metadata.length)), maxLength);
      if (bytes !== undefined) return single(bytes);
    } else if (url.startsWith(bases.targets)) {
      const stream = await openNamedTarget(targets, decoded(url.slice(bases.targets.length)), signal);
      if (stream !== undefined) return bounded(stream, maxLength);
    }
    throw new DownloadHTTPError(`${url} does not exist`, 404);
  }

  return {
    async downloadBytes(url, maxLength) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await open(url, maxLength)) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    async downloadFile(url, maxLength, handler) {
      const directory = await mkdtemp(join(tmpdir(), "dtuf-tuf-js-"));
      try {
        const file = join(directory, "download");
        await pipeline(Readable.from(await open(url, maxLength)), createWriteStream(file));
        return await handler(file);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    },
  };
}

type ReadMetadata = (name: string, maxBytes: number) => Promise<Uint8Array | undefined>;

/**
 * One view of the store serves one refresh. A root or timestamp that is requested after a timestamp starts the next
 * refresh.
 */
function createMetadataReader(store: ReadStore, signal: AbortSignal | undefined): ReadMetadata {
  const [site] = createStoreSource(store).sites;
  let view: MetadataView | undefined;
  let timestampServed = false;
  return async (name, maxBytes) => {
    const [, digits, role = ""] = /^(?:([0-9]+)\.)?(.+)\.json$/.exec(name) ?? [];
    if (view === undefined || (timestampServed && (role === "root" || role === "timestamp"))) {
      view = site && openTimedView(site, defaultDeadlines);
      timestampServed = false;
    }
    timestampServed ||= role === "timestamp";
    const version = parseVersion(digits);
    if (digits !== undefined && version === undefined) return undefined;
    return view?.findMetadata({ role, version, maxBytes, signal });
  };
}

async function* bounded(stream: ByteStream, maxBytes: number): ByteStream {
  let received = 0;
  for await (const chunk of stream) {
    received += chunk.length;
    if (received > maxBytes) throw new DownloadLengthMismatchError(`more than the ${maxBytes} bytes allowed`);
    yield chunk;
  }
}

async function* single(bytes: Uint8Array): ByteStream {
  yield bytes;
}

/** tuf-js percent-encodes names of roles, but not names of targets. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function withSlash(url: string): string {
  return url.endsWith("/") ? url : `${url}/`;
}
