/**
 * The client of a TUF repository: a pinned root -> timestamp -> snapshot -> targets -> verified bytes.
 *
 * Guaranteed: no byte of a target leaves before it was verified; nothing that was refused is kept; the state on disk is
 * the old one or the new one at every moment; readers are never blocked; offline means that no request is made.
 */
import type { ByteStream, Content } from "@dtuf/registry";
import type { Limits, TargetPath, WalkStep } from "@dtuf/tuf";
import type { CopyEvent, ProgressEvent } from "./events.ts";
import type { Source, TargetInfo, TargetPart } from "./source.ts";

export interface CopyOptions {
  readonly source: Source;
  /** Where the source is, recorded in the state for people. Trust does not depend on it: a copy may move to a mirror. */
  readonly place: string;
  /** The state: `…/<repo>/copy`. */
  readonly directory: string;
  readonly now: () => Date;
  /** A moment that is surely past, such as the build date of the program: an earlier clock is suspect. */
  readonly knownPast?: Date | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Where another process is refreshing the same state. Default "wait". */
  readonly lock?: "wait" | "fail" | undefined;
  readonly onEvent?: ((event: CopyEvent) => void) | undefined;
}

export type RefreshMode =
  /** Asks the source. */
  | "online"
  /** Asks the source only where the cached metadata has expired, or there is none. */
  | "cache-if-valid"
  /** Asks nobody. */
  | "offline";

export type PinOffer =
  /** A root.json, best the newest. */
  | { readonly kind: "root"; readonly bytes: Uint8Array }
  /** Public keys in PEM: the oldest root shown that all of them sign becomes the pin, every key in it included. */
  | { readonly kind: "keys"; readonly pems: readonly string[] };

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default "online". */
  readonly mode?: RefreshMode | undefined;
  readonly onProgress?: ((event: ProgressEvent) => void) | undefined;
}

export interface PullMetadataOptions extends CallOptions {
  readonly pin?: PinOffer | undefined;
  /** "same-chain" (default): a pin of another chain is refused. "replace": it is taken and the cached metadata dropped. */
  readonly replace?: "same-chain" | "replace" | undefined;
}

/** A root that is, or was, the anchor of trust. */
export interface PinInfo {
  readonly version: number;
  /** SHA-256 of the file, 64 hex digits. */
  readonly fingerprint: string;
}

export interface RefreshResult {
  /**
   * "fresh": newer metadata was accepted. "unchanged": the source has nothing newer. "stale-but-valid": nobody was
   * asked; the cached metadata has not expired.
   */
  readonly status: "fresh" | "unchanged" | "stale-but-valid";
  /** Targets whose content differs from what was last pulled here, those never pulled included. */
  readonly updatedTargets: readonly TargetPath[];
  /** By role: the top-level roles, and the delegated ones that are loaded. */
  readonly expirations: ReadonlyMap<string, Date>;
  readonly versions: ReadonlyMap<string, number>;
  readonly pin: PinInfo;
  /** The anchor before this call, where this call set another one. */
  readonly previousPin: PinInfo | undefined;
  /** The site that answered; undefined where none was asked. */
  readonly site: string | undefined;
}

/** What lies in the cache, looked at without a request and without a refusal where it has expired. */
export interface CachedState {
  readonly status: "valid" | "expired";
  readonly expirations: ReadonlyMap<string, Date>;
  readonly versions: ReadonlyMap<string, number>;
  readonly pin: PinInfo;
  /** The `place` that the state was last refreshed from. */
  readonly place: string | undefined;
  /** When it was last refreshed. */
  readonly refreshedAt: Date | undefined;
}

/** A cached, verified metadata file, byte for byte as it was served. */
export interface TrustedFile {
  readonly role: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

export interface VerifiedBlob extends TargetPart {
  /** Every byte of it has been verified before the first is yielded. */
  readonly stream: ByteStream;
}

export interface SaveOptions extends CallOptions {
  /** "keep" (default): a partial download is kept beside the destination and continued by the next call. */
  readonly partial?: "keep" | "remove" | undefined;
}

export interface Copy {
  /**
   * Refreshes; pins first where asked to.
   * @throws CopyError COPY_NOT_PINNED, COPY_NOT_PUBLISHED, COPY_PIN_OLDER, COPY_PIN_OTHER_CHAIN, COPY_CLOCK_SUSPECT,
   *   COPY_OFFLINE_NOTHING_CACHED, COPY_METADATA_MISSING, COPY_STATE_FOREIGN; TufError; OciError; FileError
   */
  pullMetadata(options?: PullMetadataOptions): Promise<RefreshResult>;
  /** Paths of every target, each once: the top-level role's, then those of delegated roles as the loop reaches them. */
  listTargets(options?: CallOptions): AsyncIterable<TargetPath>;
  /** @throws CopyError COPY_NOT_PINNED, COPY_OFFLINE_NOTHING_CACHED */
  inspect(): Promise<CachedState>;
  expirations(): Promise<ReadonlyMap<string, Date>>;
  /** The trusted metadata files, every root from the pin on included. */
  trustedFiles(): Promise<readonly TrustedFile[]>;
  findTarget(path: TargetPath, options?: CallOptions): Promise<TargetInfo | undefined>;
  /** Verified before the first byte is yielded: spooled in the state directory. @throws CopyError COPY_BLOB_MISSING; TufError */
  openTarget(target: TargetInfo, options?: CallOptions): Promise<ByteStream>;
  /** Blob by blob, each verified before it is yielded. */
  openTargetBlobs(target: TargetInfo, options?: CallOptions): AsyncIterable<VerifiedBlob>;
  /** Writes beside the destination, verifies, fsyncs, renames; continues a partial download. */
  saveTarget(target: TargetInfo, destination: string, options?: SaveOptions): Promise<void>;
  /** @throws CopyError COPY_TARGET_UNKNOWN */
  blobSizes(path: TargetPath, options?: CallOptions): Promise<readonly number[]>;
  /** Compares contents with the target's blobs, by position. @throws CopyError COPY_TARGET_UNKNOWN, COPY_TARGET_DIFFERS */
  checkTarget(path: TargetPath, contents: readonly Content[], options?: CallOptions): Promise<void>;
  /** The delegation walk that finds the target, or does not. */
  explain(path: TargetPath, options?: CallOptions): Promise<readonly WalkStep[]>;
}

export function createCopy(_options: CopyOptions): Copy {
  throw new TypeError("not there yet");
}
