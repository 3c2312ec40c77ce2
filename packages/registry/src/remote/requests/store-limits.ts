/** Limits of what the remote store reads and how often it tries. Sizes in bytes. */

/** An error body is for people. A longer one is truncated. */
export const errorBodyMaxBytes: number = 64 * 1024;

/** The distribution spec's own bound for the text of a `Warning`. */
export const warningMaxBytes: number = 4096;

/** Different warnings that are passed on; later ones are dropped. */
export const warningsMax: number = 100;

/** Registries without paging send every tag at once: a hundred thousand of the longest names need a quarter of this. */
export const pageMaxBytes: number = 64 * 1024 * 1024;

/** A million names in pages of a hundred. */
export const pagesMax: number = 10_000;

/** All pages of one list together: a million of the longest tags. */
export const listMaxBytes: number = 128 * 1024 * 1024;

/** Tags of a repository, or repositories of a registry: ten times as many as the largest that are known. */
export const namesMax: number = 1_000_000;

/** Referrers of one manifest: an image that is signed every hour for ten years has as many. */
export const referrersMax: number = 100_000;

/** Names requested per page. ECR refuses more. */
export const pageSize: number = 1000;

/** Consecutive pages with known content, such as empty ones. Some registries filter after paging, but none this much. */
export const idlePagesMax: number = 10;

/** Maximum length of a `Link` header, which contains one address. */
export const linkMaxBytes: number = 16 * 1024;

/** A download that has received this many bytes since its last cut gets its retry budget back. */
export const progressBytes: number = 64 * 1024;

/** Larger chunks would need too much memory; a registry that requires them is refused. */
export const chunkMaxBytes: number = 128 * 1024 * 1024;

/** Chunks are not made smaller than this: a 413 for such a chunk has another cause. */
export const chunkMinBytes: number = 1024 * 1024;

/**
 * Content up to these sizes may be sent in the request that opens the upload. Before the registry was seen to support that, it
 * must cost little to send the content again.
 */
export const singlePostMaxBytes: Readonly<Record<"untried" | "supported" | "unsupported", number>> = {
  untried: 256 * 1024,
  supported: 4 * 1024 * 1024,
  unsupported: -1,
};

/** Tags sent with one manifest (distribution-spec: registries that support the parameter accept at least ten). */
export const tagsPerPut: number = 10;

/** Time limit for cancelling an upload, which is optional. */
export const cancelTimeoutMs: number = 5000;

/** Maximum size of a blob of unknown size: the largest layer that registries accept. */
export const unannouncedMaxBytes: number = 64 * 1024 * 1024 * 1024;

/** An upload that was not asked for first is judged after this time, in milliseconds: less says little about a link. */
export const slowLinkMs = 2000;

/** A link is slow if so much of the time is spent waiting for it: hashing the content alone takes a fifth as long then. */
export const slowLinkShare = 0.8;

/** Shorter uploads are completed without a question: the rest takes less than this, in milliseconds. */
export const slowUploadMs = 10_000;
