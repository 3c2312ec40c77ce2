/** The images of a source, before anything is decided about them. */
import type { Digest, TagName } from "@dtuf/registry";
import type { Located } from "../images/transfers.ts";

export interface SourceImage {
  /** For people and reports: `docker://host/repository:tag`, `dir:/path`. */
  readonly name: string;
  /** "layout": a repository without a name of its own; it takes that of the destination. */
  readonly kind: "repository" | "directory" | "layout";
  /** By which the destination is named: `docker.io/library/busybox`; of a directory or layout its path below the source's. */
  readonly repository: string;
  /** What the repository is called at the destination instead. */
  readonly mapped?: string | undefined;
  readonly tag?: TagName | undefined;
  /** Pinned: the image has to be this one. */
  readonly digest?: Digest | undefined;
  readonly at: Located;
}

/** A repository whose tags were all listed: what is gone there may be deleted at the destination. */
export interface ListedRepository {
  readonly repository: string;
  readonly mapped?: string | undefined;
  readonly kind: SourceImage["kind"];
  readonly tags: ReadonlySet<TagName>;
  readonly at: Located;
}

/** A part of the source that could not be looked into. The others go on. */
export interface SourceFailure {
  readonly name: string;
  readonly error: unknown;
  /** Of which repository; undefined if that is not known. */
  readonly of?: Pick<SourceImage, "repository" | "mapped" | "kind" | "at"> | undefined;
}

export interface Sources {
  readonly images: readonly SourceImage[];
  readonly listed: readonly ListedRepository[];
  readonly failures: readonly SourceFailure[];
  /** How many repositories or directories were asked for. */
  readonly count: number;
}
