/** What a push of targets takes and gives. */
import type { ContentSource, ProgressCallback } from "@dtuf/registry";
import type { JsonObject, TargetFile, TargetPath } from "@dtuf/tuf";

export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ProgressOptions extends OperationOptions {
  readonly onProgress?: ProgressCallback | undefined;
}

/** A part of a target. The target's content is the concatenation of its parts. */
export type TargetPart =
  | { readonly kind: "file"; readonly path: string }
  /** Another target, staged or published: its blobs are used again, its bytes verified where they must be hashed. */
  | { readonly kind: "target"; readonly name: string }
  /** Read twice: once for its digest, once for the upload. */
  | { readonly kind: "content"; readonly content: ContentSource; readonly label?: string };

export interface StagedTarget {
  readonly path: TargetPath;
  readonly change: "add" | "replace" | "delete";
  /** Absent for "delete". */
  readonly file?: TargetFile | undefined;
}

/** A target to be pushed. */
export interface NewTarget {
  readonly name: string;
  /** One or more. */
  readonly parts: readonly TargetPart[];
  /** The user's own metadata, signed with the target; the key `dtuf` is refused (MASTER_CUSTOM_RESERVED). */
  readonly custom?: JsonObject | undefined;
}

/** How many targets are pushed at once. */
export interface PushTargetsOptions extends ProgressOptions {
  /**
   * "push" (default): every target is uploaded and staged. "keep": those whose content, by its hash, and whose custom
   * metadata, if it is given, are what is signed or staged are left as they are.
   */
  readonly same?: "push" | "keep" | undefined;
  /** Stages the removal of all other signed or staged targets whose names begin with it; `""` is all of them. Default: none. */
  readonly deleteOthers?: string | undefined;
  /** "none": files are read, and nothing is uploaded or staged. Default "push". */
  readonly effect?: "push" | "none" | undefined;
}

/** What a push of many targets changed. */
export interface PushedTargets {
  /** What was staged, sorted by name. */
  readonly staged: readonly StagedTarget[];
  /** Those that were left as they are. */
  readonly unchanged: readonly TargetPath[];
}
