/** Arguments and results of a push of targets. */
import type { ByteRange, ContentSource, ProgressCallback } from "@dtuf/registry";
import type { Json, JsonObject, TargetFile, TargetPath } from "@dtuf/tuf";

export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ProgressOptions extends OperationOptions {
  readonly onProgress?: ProgressCallback | undefined;
}

/** A part of a target. The target's content is the concatenation of its parts. */
export type TargetPart =
  | {
      readonly kind: "file";
      readonly path: string;
      /** A part of the file. Default: all of it. */
      readonly range?: ByteRange | undefined;
    }
  /**
   * Another target, staged or published: its blobs are used again. If its bytes must be hashed, they are read and
   * verified.
   */
  | { readonly kind: "target"; readonly name: string }
  /** It is read twice, because its size is not known: once for its digest, once for the upload. */
  | { readonly kind: "content"; readonly content: ContentSource; readonly label?: string };

export interface StagedTarget {
  readonly path: TargetPath;
  readonly change: "add" | "replace" | "delete";
  /** Absent for "delete". */
  readonly file?: TargetFile | undefined;
  /** What changes beside length and SHA-256. Empty for "delete". */
  readonly fields: readonly FieldChange[];
}

/** A signed field of a target that a change adds, removes or gives another value. */
export interface FieldChange {
  /** Such as `custom.release.revoked`. A name with other characters than `A-Z a-z 0-9 _ -` stands in it as a JSON string. */
  readonly field: string;
  /** Absent: there was none. */
  readonly before?: Json | undefined;
  /** Absent: there is none any more. */
  readonly after?: Json | undefined;
}

/** A target to push. */
export interface NewTarget {
  readonly name: string;
  /** At least one part. */
  readonly parts: readonly TargetPart[];
  /** The user's own metadata, signed with the target. The key `dtuf` is refused (MASTER_CUSTOM_RESERVED). */
  readonly custom?: JsonObject | undefined;
}

/**
 * The chunk index lets clients verify a target while it streams, and fetch only what an older file lacks. It is signed with the
 * target, and made while the parts are read.
 */
export interface IndexOptions {
  /** "make" (default): targets of 1 MiB and more get one. */
  readonly index?: "make" | "none" | undefined;
  /** Average of a chunk: a power of two from 4 KiB to 4 MiB. Default: 64 KiB below 4 GiB, and more above. */
  readonly chunkBytes?: number | undefined;
  /**
   * A larger file is stored as several blobs, in order, each of at most so many bytes, because registries limit the size of one. Default:
   * 4 GiB.
   */
  readonly partBytes?: number | undefined;
  /**
   * Also makes a signed patch from an older version: the published target of the same name, that of a release, or a file. It takes
   * a third of a second for each MiB. For gzip archives that zlib makes again byte for byte, it is made of what is in them. Signed patches
   * of that version stay, so that clients with still older ones go from one to the next. No patch is made for a target without an index, if the
   * older version is not in the registry any more, or if the patch would have more than 0.8 of what a client would fetch without it. Default: no patch.
   */
  readonly patchFrom?: "published" | { readonly release: number } | { readonly path: string } | undefined;
  /** No patch is made for a target with more bytes, or from an older version with more. Default: no bound. */
  readonly patchMaxBytes?: number | undefined;
  /** Also signs a compressed copy, if it has less than 0.8 of the bytes, for clients that have no older version. Default: no. */
  readonly compress?: boolean | undefined;
}

/** Options of a push of many targets. */
export interface PushTargetsOptions extends ProgressOptions, IndexOptions {
  /**
   * "push" (default): every target is uploaded and staged. "keep": a target is left as it is if its content, by its
   * hash, and its custom metadata, if given, equal the signed or staged ones.
   */
  readonly same?: "push" | "keep" | undefined;
  /**
   * Stages the removal of all other signed or staged targets whose names begin with this text; `""` means all of them.
   * Default: nothing is removed.
   */
  readonly deleteOthers?: string | undefined;
  /** "none": files are read, but nothing is uploaded or staged. Default: "push". */
  readonly effect?: "push" | "none" | undefined;
}

/** The changes that a push of many targets made. */
export interface PushedTargets {
  /** The staged changes, sorted by name. */
  readonly staged: readonly StagedTarget[];
  /** The targets that were left as they are. */
  readonly unchanged: readonly TargetPath[];
}

export interface ListOptions extends OperationOptions {
  /** "skip": without the targets of hash bins, which may be many requests. Default "read". */
  readonly bins?: "read" | "skip" | undefined;
}

export interface CreateBinsOptions extends OperationOptions {
  /** The bins are named `<namePrefix>-<hex>`. Default `bins`, or `ROLE.bins` with `from`. */
  readonly namePrefix?: string | undefined;
  /** Public keys in PEM that sign the bins. Default: those of the role, also after they are replaced. */
  readonly keys?: readonly string[] | undefined;
  /** How many of `keys` must sign a bin. Default 1. */
  readonly threshold?: number | undefined;
  /** The role whose targets move into bins, which it then delegates to. `propose` with that role signs them. Default: targets. */
  readonly from?: string | undefined;
}

export interface ResizeBinsOptions extends OperationOptions {
  /** The role that delegates to the bins. Default: targets. */
  readonly role?: string | undefined;
}

/**
 * Hash bins (TAP 15): the targets are divided into 2^n roles by the hash of their names, so that a new target changes one
 * small role. Pushing, deleting and publishing then find a target's bin by themselves.
 */
export interface BinKeeper {
  /**
   * Stages hash bins. The next publication moves all targets into them.
   * @param count a power of two from 2 to 65,536
   * @throws MASTER_BINS_EXIST if the role has bins or delegates to other roles; MASTER_ROLE_UNKNOWN; TypeError
   */
  createBins(count: number, options?: CreateBinsOptions): Promise<void>;
  /** Stages another number of bins. @throws MASTER_BINS_MISSING; TypeError */
  resizeBins(count: number, options?: ResizeBinsOptions): Promise<void>;
}

export interface PruneResult {
  readonly releases: readonly number[];
  readonly manifests: number;
  readonly blobs: number;
  readonly bytes: number;
}
