/** How blobs are sent to registries that report their limits only by refusing content. */
export interface UploadOptions {
  /** Larger blobs are sent in chunks. Default: blobs that the registry refused in one request. */
  readonly wholeMaxBytes?: number | undefined;
  /** Bytes of a chunk; Infinity if the registry does not support chunks. Default 8 MiB. Each upload in chunks holds one in memory. */
  readonly chunkBytes?: number | undefined;
}

const mebibyte = 1024 * 1024;

const rules: readonly { readonly host: RegExp; readonly rule: UploadOptions }[] = [
  // Answers 416 to a larger chunk. A blob in one request may have any size.
  { host: /^ghcr\.io$/, rule: { chunkBytes: 4 * mebibyte } },
  // Answers 413 to blobs above some 20 MB in one request.
  { host: /\.azurecr\.io$/, rule: { wholeMaxBytes: 16 * mebibyte } },
  // Documented to support no chunks.
  { host: /(?:^|\.)gcr\.io$|\.pkg\.dev$/, rule: { chunkBytes: Infinity } },
];

export function uploadRule(host: string, options: UploadOptions = {}): Readonly<Record<keyof UploadOptions, number>> {
  const rule = rules.find((candidate) => candidate.host.test(host))?.rule;
  return {
    wholeMaxBytes: options.wholeMaxBytes ?? rule?.wholeMaxBytes ?? Infinity,
    chunkBytes: options.chunkBytes ?? rule?.chunkBytes ?? 8 * mebibyte,
  };
}
