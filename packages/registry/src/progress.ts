/** Progress reports, in one shape for every package. */
import type { Descriptor } from "./oci/descriptor.ts";
import type { Digest } from "./oci/digest.ts";

export interface Progress {
  /** "hash": a first reading of content that is about to be uploaded, to compute its digest. */
  readonly step: "download" | "hash" | "upload";
  /** The kind of `name`: a role's file, a target, or content of a store, whose name is its digest. */
  readonly kind: "metadata" | "target" | "content";
  /** The role; the target's path; a part of a target that is being pushed (a file's path, or `@name`); or the digest. */
  readonly name: string;
  /** The blob, if it is known. */
  readonly digest?: Digest | undefined;
  /** Bytes so far, counted from 0 in each step and at each new attempt. */
  readonly bytes: number;
  /** Total bytes as signed, or from a descriptor, never as a server claims. Undefined if it is not known yet. */
  readonly totalBytes: number | undefined;
  /** True in the last report: the store or the file has all of it, by this call or from before. Absent in those before. */
  readonly isStored?: boolean | undefined;
}

/** An error that the callback throws ends the call. */
export type ProgressCallback = (progress: Progress) => void;

/** For stores: reports the progress of content that is being put. */
export function reportUpload(
  { onProgress }: { readonly onProgress?: ProgressCallback | undefined },
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  bytes: number,
): void {
  onProgress?.({ step: "upload", kind: "content", name: digest, digest, bytes, totalBytes: size });
}
