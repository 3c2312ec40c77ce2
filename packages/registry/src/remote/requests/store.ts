import type { ByteStream } from "../../content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import type {
  BlobMounter,
  Deleter,
  NewBlobReceiver,
  RangeOpener,
  RangeReader,
  ReferrerLister,
  StoreOptions,
  TagLister,
  WriteStore,
} from "../../store.ts";

/** A repository of a registry: the store with every operation that the distribution spec adds. */
export interface RemoteStore
  extends WriteStore, TagLister, Deleter, BlobMounter, NewBlobReceiver, RangeOpener, RangeReader, ReferrerLister {
  /** `host[:port]`, as the client was given it. */
  readonly registry: string;
  /** The repository's full name: Docker Hub's `busybox` is `library/busybox`. */
  readonly name: string;
  /** Finds a blob by its digest. The size is the registry's claim and not verified. */
  findBlob(digest: Digest, options?: StoreOptions): Promise<Descriptor | undefined>;
  /** Finds a blob and opens its content in one request. The stream is verified like that of `open`. */
  openBlob(
    digest: Digest,
    options?: StoreOptions,
  ): Promise<{ readonly descriptor: Descriptor; readonly stream: ByteStream } | undefined>;
}
