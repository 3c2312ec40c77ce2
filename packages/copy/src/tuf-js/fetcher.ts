import type { ReadStore } from "@dtuf/registry";
import type { Fetcher } from "tuf-js";

export interface TufJsFetcherOptions {
  readonly store: ReadStore;
  /** The base URLs given to tuf-js's Updater, such as `oci://repo/metadata` and `oci://repo/targets`. */
  readonly metadataBaseUrl: string;
  readonly targetBaseUrl: string;
}

/** A fetcher with which tuf-js's own Updater reads a dtuf repository. */
export function createTufJsFetcher(_options: TufJsFetcherOptions): Fetcher {
  throw new TypeError("not there yet");
}
