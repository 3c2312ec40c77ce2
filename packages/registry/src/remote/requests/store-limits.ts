/** Limits of what the remote store reads and how often it tries. Sizes in bytes. */

/** An error body is for people: whatever is longer is cut here. */
export const errorBodyMaxBytes: number = 64 * 1024;

/** The distribution spec's own bound for the text of a `Warning`. */
export const warningMaxBytes: number = 4096;

/** A registry with more to say than so many different warnings is not listened to any longer. */
export const warningsMax: number = 100;

/** Registries that know no paging send every tag at once: a hundred thousand of the longest names, four times over. */
export const pageMaxBytes: number = 64 * 1024 * 1024;

/** Ten million tags in pages of a thousand. */
export const pagesMax: number = 10_000;

/** Names asked for at once: ECR refuses more. */
export const pageSize: number = 1000;

/** Pages in a row that were there before, empty ones say: some registries filter after paging, none filters this much. */
export const idlePagesMax: number = 10;

/** A `Link` header is an address. */
export const linkMaxBytes: number = 16 * 1024;

/** A download that brought this much since its last cut starts counting its tries anew. */
export const progressBytes: number = 64 * 1024;

/** Registries that want larger chunks than this want more memory than a client should give. */
export const chunkMaxBytes: number = 128 * 1024 * 1024;

/** Below this, chunks get no smaller: the registry means something else by its 413. */
export const chunkMinBytes: number = 1024 * 1024;

/** Content up to this size may travel in the request that opens the upload: little is lost where that is not supported. */
export const singlePostMaxBytes: number = 256 * 1024;

/** Tags that go along with one manifest (distribution-spec: registries that know the parameter take at least ten). */
export const tagsPerPut: number = 10;

/** Time for giving an upload up, which nobody waits for. */
export const cancelTimeoutMs: number = 5000;

/** Read of a blob whose size nobody says, neither a manifest nor the registry: the largest layer that registries take. */
export const unannouncedMaxBytes: number = 64 * 1024 * 1024 * 1024;
