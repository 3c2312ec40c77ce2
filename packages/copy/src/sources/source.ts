/**
 * Where bytes come from. Nothing here is trusted: everything that a source returns is verified by TUF's rules, the same for
 * every source. A source returns `undefined` only if the file definitely does not exist. Any other failure throws, so that a
 * source that is down or denies access cannot pretend that there is no newer root.
 *
 * A site is one location of a repository; a source is a list of sites; a view is what one refresh sees of a site.
 */
import type { ByteRange, ByteStream, Digest, RangeOptions } from "@dtuf/registry";
import type { RoleName, TargetFile, TargetPath } from "@dtuf/tuf";

export interface SourceOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface MetadataFile {
  readonly role: string;
  /** Undefined: the current version (of the timestamp, and of every role if snapshots are not consistent). */
  readonly version: number | undefined;
}

export interface MetadataRequest extends MetadataFile, SourceOptions {
  /** To be called with the size of each chunk that arrives, because arriving bytes extend the deadline of the file. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** A longer file throws OCI_LIMIT_EXCEEDED. */
  readonly maxBytes: number;
  /** Length and hashes from signed metadata, so that a source can fetch the file by digest. */
  readonly length?: number | undefined;
  readonly hashes?: ReadonlyMap<string, string> | undefined;
}

export interface MetadataHint {
  readonly version: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** A view of a site for one refresh: all requests use what the first request resolved. */
export interface MetadataView {
  findMetadata(request: MetadataRequest): Promise<Uint8Array | undefined>;
  /** The location of the file, for errors: a URL or a path, without secrets. Default: the name of the site. */
  describe?(file: MetadataFile): string;
  /** An opaque marker that changes with every publication. One cheap request. */
  findRevision?(options: SourceOptions): Promise<string | undefined>;
  /** The result of `findRevision`, if it is known without a request. */
  knownRevision?(): string | undefined;
  /** The file of a role that this view will probably return, if it is known without a request. */
  hint?(role: string): MetadataHint | undefined;
  /** The version of the oldest root that still exists; undefined if the view would have to try each version. */
  findOldestRoot?(options: SourceOptions): Promise<number | undefined>;
}

/** A piece of a target as a site stores it. The pieces in order make up the target. */
export interface TargetPiece {
  readonly digest: Digest;
  /** Bytes, from signed metadata. */
  readonly size: number;
}

/** A target that verified metadata lists. */
export interface TargetInfo {
  readonly path: TargetPath;
  /** Bytes. */
  readonly length: number;
  readonly hashes: ReadonlyMap<string, string>;
  /** The role that lists it. */
  readonly role: RoleName;
  readonly file: TargetFile;
  /** The pieces of the target; empty if its length is 0. */
  readonly blobs: readonly TargetPiece[];
  /** How plain TUF repositories name it: `<hash>.<name>` if snapshots are consistent. */
  readonly naming: "hash-prefixed" | "plain";
  /** Version of the role's metadata, used to find the manifest that owns its blobs. */
  readonly roleVersion: number;
}

/** The beginning of a part, which the caller already has. */
export interface PartPrefix {
  /** 1 or more. */
  readonly bytes: number;
  open(): ByteStream;
}

export interface PartOptions extends SourceOptions {
  /** With a prefix, the source may begin after it; without, it begins at the first byte. */
  readonly prefix?: PartPrefix | undefined;
}

/**
 * Bytes of a part. `from` is the offset of the first byte: 0, or the length of the prefix if the source continues there.
 */
export interface PartStream {
  readonly from: number;
  readonly stream: ByteStream;
}

/** One location of a TUF repository. */
export interface Site {
  /** Name in events and errors. */
  readonly name: string;
  /** "local": the site opens no connection, so offline calls may read target bytes from it. Default "network". */
  readonly reach?: "local" | "network" | undefined;
  openView(): MetadataView;
  openPart(target: TargetInfo, part: TargetPiece, options: PartOptions): Promise<PartStream | undefined>;
  /**
   * Opens the chunk index that signed metadata names. The bytes are not verified here. Absent at sites that store target
   * files alone.
   */
  openIndex?(target: TargetInfo, index: TargetPiece, options: SourceOptions): Promise<ByteStream | undefined>;
  /**
   * Opens bytes of one part of a target. They are not verified here. Returns undefined if the site does not send this
   * range. If it sends the whole target instead, `onWhole` is called, and the stream is the whole target.
   */
  openRange?(target: TargetInfo, range: ByteRange, options: RangeOptions): Promise<ByteStream | undefined>;
  /** How this site cuts the target into parts. */
  parts(target: Pick<TargetInfo, "file">): readonly TargetPiece[];
}

/**
 * One site, or several in order of preference. A site that is down or stale or sends wrong bytes is skipped and reported
 * by an event.
 */
export interface Source {
  readonly sites: readonly Site[];
}
