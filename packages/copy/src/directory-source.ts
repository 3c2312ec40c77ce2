import type { Source } from "./source.ts";

export interface DirectorySourceOptions {
  readonly metadataDirectory: string;
  /** Default: `targets` beside the metadata directory. */
  readonly targetDirectory?: string | undefined;
  readonly name?: string | undefined;
}

/** A plain TUF repository in a directory. */
export function createDirectorySource(_options: DirectorySourceOptions): Source {
  throw new TypeError("not there yet");
}
