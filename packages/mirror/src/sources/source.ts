/** The listed images of a source. */
import type { Digest, TagName } from "@dtuf/registry";
import type { Located } from "../images/transfers.ts";

export interface SourceImage {
  /** Name for display and reports: `docker://host/repository:tag`, `dir:/path`. */
  readonly name: string;
  /** "layout": a repository without a name; it gets the name of the destination. */
  readonly kind: "repository" | "directory" | "layout";
  /**
   * Determines the name of the destination: `docker.io/library/busybox`; for a directory or layout its path below the
   * source.
   */
  readonly repository: string;
  /** Name of the repository at the destination, if it differs. */
  readonly mapped?: string | undefined;
  readonly tag?: TagName | undefined;
  /** Digest that the image must have. */
  readonly digest?: Digest | undefined;
  readonly at: Located;
}

/** A repository whose tags were all listed, so that other tags may be deleted at the destination. */
export interface ListedRepository {
  readonly repository: string;
  readonly mapped?: string | undefined;
  readonly kind: SourceImage["kind"];
  readonly tags: ReadonlySet<TagName>;
  readonly at: Located;
}

/** A part of the source that could not be listed. The other parts are not affected. */
export interface SourceFailure {
  readonly name: string;
  readonly error: unknown;
  /** The repository of the failure. Undefined if it is not known. */
  readonly of?: Pick<SourceImage, "repository" | "mapped" | "kind" | "at"> | undefined;
}

export interface Sources {
  readonly images: readonly SourceImage[];
  readonly listed: readonly ListedRepository[];
  readonly failures: readonly SourceFailure[];
  /** Number of requested repositories or directories. */
  readonly count: number;
}
