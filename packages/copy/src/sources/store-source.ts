/**
 * A registry's repository or a layout as a source: dtuf's format 1, and Docker's layout. The manifest that `latest` names
 * lists the digest of every file; files inlined in it need no further request. Nothing of it is trusted: the caller verifies.
 */
import {
  blobDigest,
  findFileVersion,
  latestTag,
  metadataFileName,
  parseRelease,
  parseRole,
  plainRoleTag,
  roleTag,
} from "@dtuf/format";
import {
  collect,
  counted,
  digestHex,
  hasCapability,
  mediaTypes,
  OciError,
  verifyBytes,
  type Descriptor,
  type ReadStore,
  type Resolved,
  type StoreOptions,
  type TagName,
} from "@dtuf/registry";
import { parseRoleName } from "@dtuf/tuf";
import type { MetadataHint, MetadataRequest, MetadataView, Site, Source } from "./source.ts";
import { openStorePart, storeParts } from "./store-target.ts";

export interface StoreSourceOptions {
  /** Name in events and errors. Default "registry". */
  readonly name?: string | undefined;
  /** The store of the targets, because Docker's layout has a separate repository for them. Default: the store itself. */
  readonly targets?: ReadStore | undefined;
  /** A second store that is asked for targets that the first does not have. */
  readonly otherTargets?: ReadStore | undefined;
  /** "local" for layouts: offline calls may read targets from them. Default "network". */
  readonly reach?: Site["reach"];
}

/** Creates a source that reads a repository in a store (`@dtuf/registry/remote` or `/layout`). Makes no request yet. */
export function createStoreSource(store: ReadStore, options: StoreSourceOptions = {}): Source {
  const { name = "registry", targets = store, otherTargets, reach = "network" } = options;
  const openPart: Site["openPart"] = async (target, part, partOptions) => {
    const found = await openStorePart(targets, { target, part }, partOptions);
    if (found !== undefined || otherTargets === undefined) return found;
    return openStorePart(otherTargets, { target, part }, partOptions);
  };
  return {
    sites: [
      {
        name,
        reach,
        openView: () => createStoreView(store),
        parts: ({ file }) => storeParts(file),
        openPart,
        ...rangesOf(targets),
        openIndex: async (target, index, { signal }) => (await openPart(target, index, { signal }))?.stream,
      },
    ],
  };
}

/** A local store has no ranges: copying its content costs less than comparing it. */
function rangesOf(store: ReadStore): Pick<Site, "openRange"> {
  if (!hasCapability(store, "openRange")) return {};
  return {
    openRange: async ({ blobs }, { from, to }, { signal, onWhole }) => {
      let start = 0;
      for (const blob of blobs) {
        const end = start + blob.size;
        if (from >= start && to <= end) {
          const range = { from: from - start, to: to - start };
          const descriptor = { ...blob, mediaType: mediaTypes.octetStream };
          return store.openRange(descriptor, range, { signal, onWhole: blobs.length === 1 ? onWhole : undefined });
        }
        start = end;
      }
      return undefined;
    },
  };
}

interface Latest {
  readonly revision: string;
  readonly files: ReadonlyMap<string, Descriptor>;
}

function createStoreView(store: ReadStore): MetadataView {
  let latest: Promise<Latest | undefined> | undefined;
  let known: Latest | undefined;

  async function resolveLatest(options: StoreOptions): Promise<Latest | undefined> {
    return open(await store.resolve(latestTag, { ...options, want: "bytes" }));
  }

  function open(resolved: Resolved | undefined): Latest | undefined {
    if (resolved?.bytes === undefined) return undefined;
    known = { revision: resolved.descriptor.digest, files: parseRelease(resolved.bytes).files };
    return known;
  }

  return {
    async findMetadata(request) {
      if (!isTopLevel(request.role)) return findDelegated(store, request);
      latest ??= resolveLatest({ signal: request.signal });
      const files = (await latest)?.files;
      if (files === undefined) return undefined;
      const descriptor = findFile(files, request);
      return descriptor === undefined ? undefined : readFile(store, descriptor, request);
    },
    async findRevision(options) {
      const resolved = await store.resolve(latestTag, { ...options, want: "digest" });
      // If the store sent the whole manifest with the digest, no second request is needed.
      if (resolved?.bytes !== undefined) latest = Promise.resolve(open(resolved));
      return resolved?.descriptor.digest;
    },
    knownRevision: () => known?.revision,
    hint: (role) => (known === undefined ? undefined : newest(known.files, role)),
    async findOldestRoot(options) {
      latest ??= resolveLatest(options);
      let oldest: number | undefined;
      for (const name of (await latest)?.files.keys() ?? []) {
        const version = findFileVersion(name, "root");
        if (version !== undefined && version < (oldest ?? Infinity)) oldest = version;
      }
      return oldest;
    },
  };
}

function isTopLevel(role: string): boolean {
  return role === "root" || role === "timestamp" || role === "snapshot" || role === "targets";
}

function newest(files: ReadonlyMap<string, Descriptor>, role: string): MetadataHint | undefined {
  let found: MetadataHint | undefined;
  for (const [name, { digest }] of files) {
    const version = findFileVersion(name, role);
    if (version !== undefined && version > (found?.version ?? 0)) found = { version, sha256: digestHex(digest) };
  }
  return found;
}

/** Finds a file by name. If any version is wanted, a file with a version in its name is found too. */
function findFile(files: ReadonlyMap<string, Descriptor>, { role, version }: MetadataRequest): Descriptor | undefined {
  const named = files.get(metadataFileName(role, version));
  if (named !== undefined || version !== undefined) return named;
  const hint = newest(files, role);
  return hint === undefined ? undefined : files.get(metadataFileName(role, hint.version));
}

/** Finds a delegated role by its signed digest if there is one, else through the manifest that the role's tag names. */
async function findDelegated(store: ReadStore, request: MetadataRequest): Promise<Uint8Array | undefined> {
  const { role, version, length, hashes } = request;
  if (length !== undefined && hashes?.has("sha256") === true) {
    const blob = { mediaType: mediaTypes.octetStream, digest: blobDigest(hashes), size: length };
    const bytes = await readFile(store, blob, request);
    if (bytes !== undefined) return bytes;
  }
  const name = parseRoleName(role);
  const tags = [...(version === undefined ? [] : [roleTag(name, version)]), plainRoleTag(name)];
  for (const tag of tags) {
    const descriptor = tag === undefined ? undefined : await findRoleFile(store, tag, request);
    const bytes = descriptor === undefined ? undefined : await readFile(store, descriptor, request);
    if (bytes !== undefined) return bytes;
  }
  return undefined;
}

async function findRoleFile(store: ReadStore, tag: TagName, request: MetadataRequest): Promise<Descriptor | undefined> {
  const resolved = await store.resolve(tag, { want: "bytes", signal: request.signal });
  return resolved?.bytes === undefined ? undefined : findFile(parseRole(resolved.bytes).files, request);
}

async function readFile(
  store: ReadStore,
  descriptor: Descriptor,
  { maxBytes, role, signal, onBytes }: MetadataRequest,
): Promise<Uint8Array | undefined> {
  if (descriptor.size > maxBytes) {
    throw new OciError(
      "OCI_LIMIT_EXCEEDED",
      `the manifest says that ${role} has ${descriptor.size} bytes; at most ${maxBytes} are read`,
      {
        details: { limit: maxBytes, got: descriptor.size },
      },
    );
  }
  if (descriptor.data !== undefined) return verifyBytes(descriptor.data, descriptor);
  const stream = await store.open(descriptor, { signal });
  return stream === undefined ? undefined : collect(counted(stream, onBytes), maxBytes);
}
