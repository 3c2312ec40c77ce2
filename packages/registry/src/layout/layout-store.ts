/**
 * A store in an OCI image-layout directory. Several processes may use it at once, and each may be killed at
 * any moment: blobs are complete before they have a name, the index names them afterwards, and deletions
 * change the index first. Reading takes no lock and writes nothing, so it works on read-only media.
 */
import { join } from "node:path";
import type { LockWait } from "../files/index.ts";
import type {
  BlobFinder,
  BlobMounter,
  Deleter,
  ListTagsOptions,
  NewBlobReceiver,
  RangeReader,
  ReadStore,
  ReferrerLister,
  StoreOptions,
  TagLister,
  TagSwapper,
  WriteStore,
} from "../store.ts";
import type { TagName } from "../oci/tag.ts";
import { hasBlob } from "./blob-files.ts";
import { collectGarbage, type CollectedGarbage, type GarbageOptions } from "./garbage.ts";
import { openLayout, type Layout } from "./layout.ts";
import { listEntries, listLayoutTags, type LayoutEntry } from "./layout-index.ts";
import { findBlob, openRest, openVerified, resolve } from "./reading.ts";
import { createListReferrers } from "./referrers.ts";
import { deleteBlob, deleteManifest, deleteTag, mount, put, putNew, setTagFrom } from "./writing.ts";

export interface LayoutStore
  extends
    WriteStore,
    TagLister,
    Deleter,
    ReferrerLister,
    RangeReader,
    BlobFinder,
    BlobMounter,
    NewBlobReceiver,
    TagSwapper {
  /**
   * Deletes content that no listed manifest refers to and that was not put for `graceMs`, and leftovers of killed processes.
   * @throws OciError OCI_UNSUPPORTED if an entry has a type whose references are unknown; nothing is deleted then
   */
  collectGarbage(options: GarbageOptions): Promise<CollectedGarbage>;
  /** The entries of index.json, also those whose names are not tags. @throws OciError OCI_LAYOUT_INVALID, OCI_DESCRIPTOR_INVALID */
  listEntries(options?: StoreOptions): Promise<readonly LayoutEntry[]>;
}

export interface LayoutStoreOptions {
  /** The layout's directory. The first `put` creates it; before that, there is nothing to read. */
  readonly directory: string;
  readonly now?: () => Date;
  /** Called after a second of waiting for another process that changes the layout. After two minutes FILE_LOCKED is thrown. */
  readonly onLockWait?: ((wait: LockWait) => void) | undefined;
  /** Where `mount` finds other repositories. Default: none. */
  readonly findDirectory?: (repository: string) => string;
}

/** Makes a store in one layout directory. Touches no file yet. Errors are OciErrors and, if the disk fails, FileErrors. */
export function createLayoutStore(options: LayoutStoreOptions): LayoutStore {
  const layout = openLayout(options.directory, options.now ?? ((): Date => new Date()), options.onLockWait);
  return {
    ...readingFrom(layout),
    put: (descriptor, content, options) => put(layout, descriptor, { ...options, content }),
    putNew: (content, options = {}) => putNew(layout, content, options),
    tag: async (tag, to, { signal } = {}) => void (await setTagFrom(layout, tag, { from: "anything", to, signal })),
    swapTag: (tag, move, { signal } = {}) => setTagFrom(layout, tag, { ...move, signal }),
    deleteTag: (tag, { signal } = {}) => deleteTag(layout, tag, signal),
    deleteManifest: (digest, { signal } = {}) => deleteManifest(layout, digest, signal),
    deleteBlob: (digest, { signal } = {}) => deleteBlob(layout, digest, signal),
    async mount(descriptor, from, { signal } = {}) {
      if (from === undefined || options.findDirectory === undefined) return false;
      return mount(layout, descriptor, { from: join(options.findDirectory(from), "blobs"), signal });
    },
    collectGarbage: (options) => collectGarbage(layout, options),
    async listEntries({ signal } = {}) {
      signal?.throwIfAborted();
      const index = await layout.index.find();
      return index === undefined ? [] : listEntries(index);
    },
  };
}

function readingFrom(layout: Layout): ReadStore & TagLister & ReferrerLister & RangeReader & BlobFinder {
  return {
    open: (descriptor, options) => openVerified(layout, descriptor, options),
    openRest: (descriptor, prefix, { signal } = {}) => openRest(layout, descriptor, { prefix, signal }),
    async has(descriptor, { signal } = {}) {
      signal?.throwIfAborted();
      return hasBlob(layout.paths.blobs, descriptor);
    },
    findBlob: (digest) => findBlob(layout, digest),
    async openBlob(digest, options) {
      const descriptor = await findBlob(layout, digest);
      const stream = descriptor && (await openVerified(layout, descriptor, options));
      return stream && { descriptor, stream };
    },
    resolve: (name, options) => resolve(layout, name, options),
    listTags: (options) => listTags(layout, options),
    listReferrers: createListReferrers(layout),
  };
}

async function* listTags(layout: Layout, { signal }: ListTagsOptions = {}): AsyncGenerator<TagName> {
  signal?.throwIfAborted();
  const index = await layout.index.find();
  if (index !== undefined) yield* listLayoutTags(index);
}
