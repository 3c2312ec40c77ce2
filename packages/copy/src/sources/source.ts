/**
 * Where bytes come from. Nothing here is trusted: whatever a source returns is verified by TUF's rules, the same for
 * every source. "Not there" is `undefined` and is only returned where the source says so definitely; whatever else goes
 * wrong throws, so that a source that is down or denies access cannot pretend that there is no newer root.
 */
import type { ByteStream, Digest } from "@dtuf/registry";
import type { RoleName, TargetFile, TargetPath } from "@dtuf/tuf";

export interface SourceOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface MetadataFile {
  readonly role: string;
  /** Undefined: whatever version is current (the timestamp, and every role where snapshots are not consistent). */
  readonly version: number | undefined;
}

export interface MetadataRequest extends MetadataFile, SourceOptions {
  /** To be told of bytes as they come: the file has a deadline, which they put off. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Never more is returned: a longer file throws OCI_LIMIT_EXCEEDED. */
  readonly maxBytes: number;
  /** What signed metadata says of the file, so that a source can fetch it by digest. */
  readonly length?: number | undefined;
  readonly hashes?: ReadonlyMap<string, string> | undefined;
}

export interface MetadataHint {
  readonly version: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** One look at a site, for one refresh: what it resolved at its first request holds for all that follow. */
export interface MetadataView {
  findMetadata(request: MetadataRequest): Promise<Uint8Array | undefined>;
  /** Where the file is, for errors: a URL or a path, without secrets. Default: the site's name. */
  describe?(file: MetadataFile): string;
  /** An opaque marker that stays the same as long as nothing was published. One cheap request. */
  findRevision?(options: SourceOptions): Promise<string | undefined>;
  /** What `findRevision` would say, where it is already known without a request. */
  knownRevision?(): string | undefined;
  /** A hint, known without a request: which file of a role this view is going to serve. */
  hint?(role: string): MetadataHint | undefined;
  /** The oldest root that is still there; undefined where the view cannot tell without trying. */
  findOldestRoot?(options: SourceOptions): Promise<number | undefined>;
}

/** A piece of a target as a site holds it, in order; the pieces together are the target. */
export interface TargetPiece {
  readonly digest: Digest;
  /** Bytes, from signed metadata. */
  readonly size: number;
}

/** A target that verified metadata vouches for. */
export interface TargetInfo {
  readonly path: TargetPath;
  /** Bytes. */
  readonly length: number;
  readonly hashes: ReadonlyMap<string, string>;
  /** The role that vouches for it. */
  readonly role: RoleName;
  readonly file: TargetFile;
  /** The pieces it is made of; none where its length is 0. */
  readonly blobs: readonly TargetPiece[];
  /** Under which name plain TUF repositories keep it: `<hash>.<name>` where snapshots are consistent. */
  readonly naming: "hash-prefixed" | "plain";
  /** Version of the role's metadata, for finding the manifest that keeps its blobs. */
  readonly roleVersion: number;
}

/** The beginning of a part, which the caller already holds. */
export interface PartPrefix {
  /** 1 or more. */
  readonly bytes: number;
  open(): ByteStream;
}

export interface PartOptions extends SourceOptions {
  /** "whole" streams begin at the first byte; with a prefix, the source may continue after it. */
  readonly prefix?: PartPrefix | undefined;
}

/** Bytes of a part. `from` says where they begin: 0, or the prefix's length where the source could continue there. */
export interface PartStream {
  readonly from: number;
  readonly stream: ByteStream;
}

/** One place that holds a TUF repository. */
export interface Site {
  /** For people: what events and errors call it. */
  readonly name: string;
  /** "local": it opens no connection, so offline calls may read target bytes from it. Default "network". */
  readonly reach?: "local" | "network" | undefined;
  openView(): MetadataView;
  openPart(target: TargetInfo, part: TargetPiece, options: PartOptions): Promise<PartStream | undefined>;
  /** How this site cuts the target into parts. */
  parts(target: Pick<TargetInfo, "file">): readonly TargetPiece[];
}

/** One site, or several in order of preference: a site that is down, stale or lying is passed over, and named in an event. */
export interface Source {
  readonly sites: readonly Site[];
}
