/**
 * What this registry turned out to support. It only saves requests: nothing here is trusted. Operations read `known`;
 * each method records one finding and names the operation that makes it.
 */

export interface KnownQuirks {
  /** Several tags in one PUT of a manifest. */
  readonly multiTag: "untried" | "unsupported";
  /** A mount from the same repository, which finds the blob or opens the upload in one request. */
  readonly selfMount: "untried" | "unsupported";
  /** Content in the request that opens the upload. */
  readonly singlePost: "untried" | "supported" | "unsupported";
  /** What the PUT that closes an upload may carry. "empty": all content is sent before it, in PATCH requests. */
  readonly closing: "content" | "empty";
  /** A PATCH with the whole content. */
  readonly streaming: "untried" | "unsupported";
  /** Whether a HEAD that says "no such manifest" is right. "untried": the first such answer is checked with a GET. */
  readonly headDenial: "untried" | "true" | "false";
  /** Larger blobs are sent in chunks. */
  readonly wholeMaxBytes: number;
  readonly chunkBytes: number;
}

export interface Quirks {
  readonly known: KnownQuirks;
  /** By a push of a manifest: the registry ignored the tags in the query. */
  noMultiTag(): void;
  /** By a blob upload: the registry refused the mount for another reason than that the blob is missing. */
  noSelfMount(): void;
  /** By a blob upload: the registry stored the content of the request that opened it. */
  singlePostWorks(): void;
  /** By a blob upload: the registry opened an upload and ignored the content. */
  noSinglePost(): void;
  /** By a blob upload: the registry refused content in the closing PUT. */
  noContentInClosing(): void;
  /** By the upload of new content: the registry refused a PATCH with all of it, or the PUT after it. */
  noStreaming(): void;
  /** By a resolve: a GET confirmed or contradicted a HEAD that said "no such manifest". */
  headDenialIs(truth: "true" | "false"): void;
  /** By a blob upload: the registry refused a blob of this size in one request. */
  wholeTooLarge(bytes: number): void;
  /** By an upload in chunks: the registry refused larger chunks than this. */
  limitChunks(bytes: number): void;
  /** By a mount: it was refused before it reached the registry. */
  mountRefused(to: string, from: string): void;
  isMountRefused(to: string, from: string): boolean;
  /** By a listing of referrers: the repository's referrers API answered. */
  referrersApiFound(repository: string): void;
  hasReferrersApi(repository: string): boolean;
}

/** The quirks of a registry that was not asked yet. */
export function createQuirks(limits: Pick<KnownQuirks, "wholeMaxBytes" | "chunkBytes">): Quirks {
  const known = { ...nothingKnown, ...limits };
  const refusedMounts = new Set<string>();
  const referrersApis = new Set<string>();
  return {
    known,
    noMultiTag: () => void (known.multiTag = "unsupported"),
    noSelfMount: () => void (known.selfMount = "unsupported"),
    singlePostWorks: () => void (known.singlePost = "supported"),
    noSinglePost: () => void (known.singlePost = "unsupported"),
    noContentInClosing: () => void (known.closing = "empty"),
    noStreaming: () => void (known.streaming = "unsupported"),
    headDenialIs: (truth) => void (known.headDenial = truth),
    wholeTooLarge: (bytes) => void (known.wholeMaxBytes = Math.min(known.wholeMaxBytes, bytes - 1)),
    limitChunks: (bytes) => void (known.chunkBytes = Math.min(known.chunkBytes, bytes)),
    mountRefused: (to, from) => void refusedMounts.add(`${to} ${from}`),
    isMountRefused: (to, from) => refusedMounts.has(`${to} ${from}`),
    referrersApiFound: (repository) => void referrersApis.add(repository),
    hasReferrersApi: (repository) => referrersApis.has(repository),
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const nothingKnown: Mutable<Omit<KnownQuirks, "wholeMaxBytes" | "chunkBytes">> = {
  multiTag: "untried",
  selfMount: "untried",
  singlePost: "untried",
  closing: "content",
  streaming: "untried",
  headDenial: "untried",
};
