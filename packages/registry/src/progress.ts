/** Bytes on their way, in one shape for every package. */
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";

export interface Progress {
  /** "hash": a first reading of what is about to be uploaded, for its digest. */
  readonly step: "download" | "hash" | "upload";
  /** What `name` is: of a role's file, of a target, or content of a store, whose name is its digest. */
  readonly kind: "metadata" | "target" | "content";
  /** The role; the target's path, or a part of a target that is being pushed (a file's path, or `@name`); the digest. */
  readonly name: string;
  /** The blob, if one is known. */
  readonly digest?: Digest | undefined;
  /** So far, counted from 0 in each step and at each new try. */
  readonly bytes: number;
  /** In all: signed, or from a descriptor; never what a server says. Undefined if it is not known yet. */
  readonly totalBytes: number | undefined;
}

/** What it throws ends the call. */
export type ProgressCallback = (progress: Progress) => void;

/** For stores: tells of content that is being put. */
export function reportUpload(
  { onProgress }: { readonly onProgress?: ProgressCallback | undefined },
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  bytes: number,
): void {
  onProgress?.({ step: "upload", kind: "content", name: digest, digest, bytes, totalBytes: size });
}
