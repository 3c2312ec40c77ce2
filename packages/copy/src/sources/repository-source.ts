/** A source from one string: a registry's repository, an OCI layout, or the URL of a plain TUF repository. */
import { hasCapability, type RangeOpener, type RangeReader, type ReadStore } from "@dtuf/registry";
import type { Transport } from "@dtuf/registry/http";
import {
  openReadOnlyRepository,
  parseRepositoryLocation,
  type OpenedRepository,
  type OpenRepositoryOptions,
} from "@dtuf/registry/repository";
import { createHttpSource } from "./http-source.ts";
import type { Source } from "./source.ts";
import { createStoreSource } from "./store-source.ts";

export interface RepositorySource {
  readonly source: Source;
  /** Closes the connections that were opened for the source. A transport that the caller gave stays open. */
  close(): Promise<void>;
}

/**
 * Creates a source from the name of a repository. Makes no request; the first call opens the repository.
 * @param repository `host[:port]/repository`, `oci:DIR`, or the `https://` URL of the metadata directory
 * @throws OciError OCI_REFERENCE_INVALID
 */
export function createRepositorySource(repository: string, options: OpenRepositoryOptions): RepositorySource {
  if (/^https?:\/\//.test(repository)) return createUrlSource(new URL(repository), options.transport ?? options);
  const reach = parseRepositoryLocation(repository).kind === "layout" ? "local" : "network";
  let opened: Promise<OpenedRepository<ReadStore & RangeReader>> | undefined;
  const open = async (): Promise<ReadStore & RangeReader> => {
    opened ??= openReadOnlyRepository(repository, options);
    return (await opened).store;
  };
  return {
    source: createStoreSource(reach === "local" ? openedLater(open) : withRanges(open), { name: repository, reach }),
    async close() {
      const open = opened;
      opened = undefined;
      await (await open)?.close();
    },
  };
}

function createUrlSource(metadataUrl: URL, given: NonNullable<OpenRepositoryOptions["transport"]>): RepositorySource {
  if ("send" in given) {
    return { source: createHttpSource({ metadataUrl, transport: given }), close: () => Promise.resolve() };
  }
  // The first request loads the HTTP client, so that a program that reads a layout does not load it.
  let made: Promise<Transport> | undefined;
  const make = async (): Promise<Transport> => (await import("@dtuf/registry/http")).createTransport(given);
  const transport: Transport = {
    send: async (request) => (await (made ??= make())).send(request),
    async close() {
      const open = made;
      made = undefined;
      await (await open)?.close();
    },
  };
  return { source: createHttpSource({ metadataUrl, transport }), close: () => transport.close() };
}

function openedLater(open: () => Promise<ReadStore & RangeReader>): ReadStore & RangeReader {
  return {
    open: async (descriptor, options) => (await open()).open(descriptor, options),
    openRest: async (descriptor, prefix, options) => (await open()).openRest(descriptor, prefix, options),
    has: async (descriptor, options) => (await open()).has(descriptor, options),
    resolve: async (name, options) => (await open()).resolve(name, options),
  };
}

/** A registry sends ranges; whether this store asks for them is known when it is open. */
function withRanges(open: () => Promise<ReadStore & RangeReader>): ReadStore & RangeReader & RangeOpener {
  return {
    ...openedLater(open),
    async openRange(descriptor, range, options) {
      const store = await open();
      return hasCapability(store, "openRange") ? store.openRange(descriptor, range, options) : undefined;
    },
  };
}
