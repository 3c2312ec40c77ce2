/** How blobs are sent to registries that do not say what they want before content was sent in vain. */
export interface UploadOptions {
  /** Blobs above this many bytes go in chunks. Default: those that the registry refused whole. */
  readonly wholeMaxBytes?: number | undefined;
  /** Bytes of a chunk; Infinity: the registry knows no chunks. Default 8 MiB. Each upload in chunks holds one in memory. */
  readonly chunkBytes?: number | undefined;
}

const mebibyte = 1024 * 1024;

const rules: readonly { readonly host: RegExp; readonly rule: UploadOptions }[] = [
  // Answers 416 to a larger chunk. A whole blob may have any size.
  { host: /^ghcr\.io$/, rule: { chunkBytes: 4 * mebibyte } },
  // Answers 413 to whole blobs above some 20 MB.
  { host: /\.azurecr\.io$/, rule: { wholeMaxBytes: 16 * mebibyte } },
  // Documented to know no chunks.
  { host: /(?:^|\.)gcr\.io$|\.pkg\.dev$/, rule: { chunkBytes: Infinity } },
];

export function uploadRule(host: string, options: UploadOptions = {}): Readonly<Record<keyof UploadOptions, number>> {
  const rule = rules.find((candidate) => candidate.host.test(host))?.rule;
  return {
    wholeMaxBytes: options.wholeMaxBytes ?? rule?.wholeMaxBytes ?? Infinity,
    chunkBytes: options.chunkBytes ?? rule?.chunkBytes ?? 8 * mebibyte,
  };
}
