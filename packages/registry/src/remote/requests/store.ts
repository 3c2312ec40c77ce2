import type { ByteStream, Content } from "../../content.ts";
import type { Descriptor } from "../../descriptor.ts";
import type { Digest } from "../../digest.ts";
import type {
  BlobMounter,
  Deleter,
  PutOptions,
  RangeReader,
  ReferrerLister,
  StoreOptions,
  TagLister,
  WriteStore,
} from "../../store.ts";

export interface RemotePutOptions extends PutOptions {
  /**
   * "check": a blob that exists already is not sent again. "absent": the caller knows that it does not exist, so no
   * request is made to find out. Default "check".
   */
  readonly presence?: "check" | "absent" | undefined;
}

/** A repository of a registry: the store with every operation that the distribution spec adds. */
export interface RemoteStore extends WriteStore, TagLister, Deleter, BlobMounter, RangeReader, ReferrerLister {
  /** `host[:port]`, as the client was given it. */
  readonly registry: string;
  /** The repository's full name: Docker Hub's `busybox` is `library/busybox`. */
  readonly name: string;
  put(descriptor: Descriptor, content: Content, options?: RemotePutOptions): Promise<void>;
  /** Finds a blob by its digest. The size is the registry's claim and not verified. */
  findBlob(digest: Digest, options?: StoreOptions): Promise<Descriptor | undefined>;
  /** Finds a blob and opens its content in one request. The stream is verified like that of `open`. */
  openBlob(
    digest: Digest,
    options?: StoreOptions,
  ): Promise<{ readonly descriptor: Descriptor; readonly stream: ByteStream } | undefined>;
}
