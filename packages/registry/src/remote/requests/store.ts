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
   * "check": a blob that is there already is not sent again. "absent": the caller knows that it is not there, and no
   * request is spent on asking. Default "check".
   */
  readonly presence?: "check" | "absent" | undefined;
}

/** A repository of a registry: the store, with everything that the distribution spec has beside it. */
export interface RemoteStore extends WriteStore, TagLister, Deleter, BlobMounter, RangeReader, ReferrerLister {
  /** `host[:port]`, as the client was given it. */
  readonly registry: string;
  /** The repository's full name: Docker Hub's `busybox` is `library/busybox`. */
  readonly name: string;
  put(descriptor: Descriptor, content: Content, options?: RemotePutOptions): Promise<void>;
  /** A blob of which only the digest is known, and how large the registry says it is: advice until it has been read. */
  findBlob(digest: Digest, options?: StoreOptions): Promise<Descriptor | undefined>;
  /** The same together with its content in one request. The stream is verified as that of `open` is. */
  openBlob(
    digest: Digest,
    options?: StoreOptions,
  ): Promise<{ readonly descriptor: Descriptor; readonly stream: ByteStream } | undefined>;
}
