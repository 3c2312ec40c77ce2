/**
 * The one interface that everything stands on: an OCI repository as content by digest plus tags that name manifests.
 * Five operations; a registry over HTTP and a layout directory both have them, and one contract test proves the laws:
 *
 *   put(d, c); open(d) yields c                 put(d, c) twice is put(d, c) once
 *   put(d, c') with content that does not match d throws, and has(d) stays false
 *   tag(t, d); resolve(t).descriptor is d       resolve(unknown) is undefined, open(unknown) is undefined
 *   tag(t, d) of a manifest that is not there throws OCI_NOT_FOUND and moves nothing
 *   an aborted put leaves nothing visible       a stream from open() errors where the content differs from d
 *
 * "Not there" is a value; everything else throws an OciError (a FileError where local files fail, or the abort signal's
 * reason).
 */
import type { ByteStream, Content } from "./content.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { ProgressCallback } from "./progress.ts";
import type { TagName } from "./tag.ts";

export interface StoreOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ResolveOptions extends StoreOptions {
  /** "bytes" brings the manifest along (one GET); "digest" may ask less (one HEAD). */
  readonly want: "bytes" | "digest";
}

/** What a tag (or a manifest's digest) names. `bytes`, where present, have been verified against the descriptor. */
export interface Resolved {
  readonly descriptor: Descriptor;
  readonly bytes?: Uint8Array;
}

export interface PutOptions extends StoreOptions {
  /** Manifests only: tags to set in the same step, in order. */
  readonly tags?: readonly TagName[];
  /** Bytes stored so far, counted from 0 at each new try. */
  readonly onProgress?: ProgressCallback | undefined;
}

export interface ReadStore {
  /**
   * The content, verified as it streams; undefined where it is not there. Media type decides blob or manifest. A stream
   * that nobody begins to read may hold a connection or a file until the signal aborts: read it, or abort.
   */
  open(descriptor: Descriptor, options?: StoreOptions): Promise<ByteStream | undefined>;
  /** Advice, not proof: some proxies answer wrongly. */
  has(descriptor: Descriptor, options?: StoreOptions): Promise<boolean>;
  resolve(name: TagName | Digest, options: ResolveOptions): Promise<Resolved | undefined>;
}

export interface WriteStore extends ReadStore {
  /** Idempotent. Content that is there already is not sent again. */
  put(descriptor: Descriptor, content: Content, options?: PutOptions): Promise<void>;
  /** Names a manifest that is there. The only operation that changes what a reader sees. */
  tag(tag: TagName, descriptor: Descriptor, options?: StoreOptions): Promise<void>;
}

/** Lists every tag, each page fetched as the loop reaches it. Order is the store's. */
export interface TagLister {
  listTags(options?: StoreOptions): AsyncIterable<TagName>;
}

/** Deleting. `false`: it was not there. @throws OciError OCI_UNSUPPORTED where the store does not allow it */
export interface Deleter {
  /** Removes the tag alone: the manifest and its other tags stay. */
  deleteTag(tag: TagName, options?: StoreOptions): Promise<boolean>;
  /** Removes the manifest and so every tag that names it. */
  deleteManifest(digest: Digest, options?: StoreOptions): Promise<boolean>;
  deleteBlob(digest: Digest, options?: StoreOptions): Promise<boolean>;
}

/** Makes a blob of another repository of the same store present without sending it. */
export interface BlobMounter {
  /** `from` undefined: any repository. `false`: the store would not; put the content instead. */
  mount(descriptor: Descriptor, from?: string, options?: StoreOptions): Promise<boolean>;
}

/** Going on where a download was cut. */
export interface RangeReader {
  /**
   * The bytes after `prefix`, which the caller already holds and which is read once to be hashed. The stream errors at
   * its end where prefix and rest together are not the content. Undefined: not there.
   */
  openRest(descriptor: Descriptor, prefix: ByteStream, options?: StoreOptions): Promise<ByteStream | undefined>;
}

/** Moving a tag only from where it is believed to be: what a layout has and registries lack. */
export interface TagSwapper {
  /** `from` undefined: the tag is not there yet. `false`: it names something else, and nothing moved. */
  swapTag(
    tag: TagName,
    move: { readonly from: Digest | undefined; readonly to: Descriptor },
    options?: StoreOptions,
  ): Promise<boolean>;
}

/** Blobs of which only the digest is known. */
export interface BlobFinder {
  /** How large the store says it is: advice until it has been read. */
  findBlob(digest: Digest, options?: StoreOptions): Promise<Descriptor | undefined>;
  /** The same together with its content, verified as that of `open` is. */
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

/** Whether a store has one of the operations that stores may lack; narrows its type. */
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
  swapTag: TagSwapper;
  listReferrers: ReferrerLister;
  findBlob: BlobFinder;
}
type CapabilityName = keyof Capabilities;
