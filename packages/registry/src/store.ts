/**
 * The interface of all storage: an OCI repository as content by digest plus tags that name manifests.
 * A registry over HTTP and a layout directory both implement its five operations; one contract test verifies these laws:
 *
 *   put(d, c); open(d) yields c                 put(d, c) twice is put(d, c) once
 *   put(d, c') with content that does not match d throws, and has(d) stays false
 *   tag(t, d); resolve(t).descriptor is d       resolve(unknown) is undefined, open(unknown) is undefined
 *   tag(t, d) of a manifest that does not exist throws OCI_NOT_FOUND and moves nothing
 *   an aborted put leaves nothing visible       a stream from open() throws if the content differs from d
 *
 * "Not found" is a value. Everything else throws an OciError (a FileError if local files fail, or the abort signal's
 * reason).
 */
import type { ByteObserver, ByteStream, Content, ContentSource } from "./content.ts";
import type { Descriptor } from "./oci/descriptor.ts";
import type { Digest } from "./oci/digest.ts";
import type { ProgressCallback } from "./progress.ts";
import type { TagName } from "./oci/tag.ts";

export interface StoreOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ResolveOptions extends StoreOptions {
  /** "bytes" returns the manifest too (one GET); "digest" may need less (one HEAD). */
  readonly want: "bytes" | "digest";
}

/** What a tag (or a manifest's digest) names. `bytes`, if present, have been verified against the descriptor. */
export interface Resolved {
  readonly descriptor: Descriptor;
  readonly bytes?: Uint8Array;
}

export interface PutOptions extends StoreOptions {
  /** Manifests only: tags to set in the same step, in order. */
  readonly tags?: readonly TagName[];
  /**
   * Blobs only. "check": content that exists already is not sent again. "absent": the caller believes that it does not
   * exist, so a store may send it without asking. Default "check".
   */
  readonly presence?: "check" | "absent" | undefined;
  /** Called with the bytes stored so far, counted from 0 at each new attempt. */
  readonly onProgress?: ProgressCallback | undefined;
}

export interface ReadStore {
  /**
   * Opens content, verified as it streams; undefined if it does not exist. The media type decides between blob and manifest. An
   * unread stream may hold a connection or a file until the signal aborts: read it, or abort.
   */
  open(descriptor: Descriptor, options?: StoreOptions): Promise<ByteStream | undefined>;
  /** A hint, not proof: some proxies answer wrongly. */
  has(descriptor: Descriptor, options?: StoreOptions): Promise<boolean>;
  resolve(name: TagName | Digest, options: ResolveOptions): Promise<Resolved | undefined>;
}

export interface WriteStore extends ReadStore {
  /** Idempotent. Content that exists already is not sent again. */
  put(descriptor: Descriptor, content: Content, options?: PutOptions): Promise<void>;
  /** Tags a manifest that exists. The only operation that changes what readers see. */
  tag(tag: TagName, descriptor: Descriptor, options?: StoreOptions): Promise<void>;
}

/** Content whose digest is not known yet. */
export interface NewContent {
  readonly source: ContentSource;
  /** In bytes. Content of another size is refused with OCI_SIZE_MISMATCH. */
  readonly size: number;
  /** Name in progress reports. */
  readonly name: string;
  /** See every byte once, in order, also if part of the content has to be read again to send it. Default: none. */
  readonly observers?: readonly ByteObserver[] | undefined;
}

/** Stores large blobs in one reading. */
export interface NewBlobReceiver {
  /**
   * Puts a blob that is hashed while it is sent, and returns its descriptor: the digest is that of the bytes that the store
   * has. It is sent even if the store has it already, unless sending takes much longer than hashing. If sending
   * is interrupted, the rest is read again.
   * @throws OciError OCI_DIGEST_MISMATCH, OCI_SIZE_MISMATCH if the content changed meanwhile; the error of reading it
   */
  putNew(content: NewContent, options?: PutOptions): Promise<Descriptor>;
}

/** Lists every tag; pages are fetched as the loop reaches them. The store decides the order. */
export interface TagLister {
  listTags(options?: ListTagsOptions): AsyncIterable<TagName>;
}

export interface ListTagsOptions extends StoreOptions {
  /** Tags that sort before or at this text need not be listed. A store may list them nevertheless. */
  readonly after?: string | undefined;
}

/** Deletions. They return false if there was nothing to delete. @throws OciError OCI_UNSUPPORTED if the store does not allow it */
export interface Deleter {
  /** Removes the tag only: the manifest and its other tags stay. */
  deleteTag(tag: TagName, options?: StoreOptions): Promise<boolean>;
  /** Removes the manifest and every tag that names it. */
  deleteManifest(digest: Digest, options?: StoreOptions): Promise<boolean>;
  deleteBlob(digest: Digest, options?: StoreOptions): Promise<boolean>;
}

/** Copies a blob from another repository of the same store without sending it. */
export interface BlobMounter {
  /** Mounts from any repository if `from` is undefined. Returns false if the store did not mount it: put the content instead. */
  mount(descriptor: Descriptor, from?: string, options?: StoreOptions): Promise<boolean>;
}

/** Resuming an interrupted download. */
export interface RangeReader {
  /**
   * Opens the bytes after `prefix`, which the caller already has and which is read once to be hashed. The stream throws at
   * its end if prefix and rest together are not the content. Returns undefined if the content does not exist.
   */
  openRest(descriptor: Descriptor, prefix: ByteStream, options?: StoreOptions): Promise<ByteStream | undefined>;
}

/** Bytes of a blob from `from` on and before `to`; at least one, and none behind the blob's end. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Reading a part of a blob. */
export interface RangeOpener {
  /**
   * Opens a range. Its bytes are not verified, because a digest is of the whole; their number is. Returns undefined if the
   * content does not exist, or if the store does not send this range alone.
   */
  openRange(descriptor: Descriptor, range: ByteRange, options?: RangeOptions): Promise<ByteStream | undefined>;
}

export interface RangeOptions extends StoreOptions {
  /**
   * If it is given and the store sends the whole content instead of the range, it is called, and the stream is that content.
   * The caller then has no second request to make.
   */
  readonly onWhole?: (() => void) | undefined;
}

/** Compare-and-swap of a tag, which layouts support and registries do not. */
export interface TagSwapper {
  /** If `from` is undefined, the tag must not exist. Returns false if the tag names something else; nothing moved then. */
  swapTag(
    tag: TagName,
    move: { readonly from: Digest | undefined; readonly to: Descriptor },
    options?: StoreOptions,
  ): Promise<boolean>;
}

/** Blobs of which only the digest is known. */
export interface BlobFinder {
  /** Finds a blob. The size is the store's claim and not verified. */
  findBlob(digest: Digest, options?: StoreOptions): Promise<Descriptor | undefined>;
  /** Finds a blob and opens its content, verified like that of `open`. */
  openBlob(
    digest: Digest,
    options?: StoreOptions,
  ): Promise<{ readonly descriptor: Descriptor; readonly stream: ByteStream } | undefined>;
}

/** Lists the manifests whose `subject` is the given one. */
export interface ReferrerLister {
  listReferrers(
    subject: Digest,
    options?: StoreOptions & { readonly artifactType?: string },
  ): AsyncIterable<Descriptor>;
}

/** Whether a store has one of the optional operations; narrows its type. */
export function hasCapability<Name extends CapabilityName>(
  store: ReadStore,
  method: Name,
): store is ReadStore & Capabilities[Name] {
  return typeof (store as unknown as Record<string, unknown>)[method] === "function";
}

interface Capabilities {
  listTags: TagLister;
  deleteTag: Deleter;
  mount: BlobMounter;
  openRest: RangeReader;
  openRange: RangeOpener;
  swapTag: TagSwapper;
  listReferrers: ReferrerLister;
  findBlob: BlobFinder;
  putNew: NewBlobReceiver;
}
type CapabilityName = keyof Capabilities;
