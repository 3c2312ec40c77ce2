/** Options of a run. */
import { setTimeout as wait } from "node:timers/promises";
import type { ProgressCallback } from "@dtuf/registry";
import type { Destinations } from "./destinations/destinations.ts";
import type { ImageCopy } from "./images/manifest-tree.ts";
import type { NamingOptions } from "./destinations/naming.ts";
import type { PlatformChoice } from "./images/platform.ts";
import type { ImageReport } from "./report.ts";

/** Options with a default. */
export interface SyncDefaults {
  /** Default "all". */
  readonly platforms: PlatformChoice;
  /** Default "leave". */
  readonly referrers: ImageCopy["referrers"];
  /**
   * Whether to find the referrers that are left behind, if they are not copied: "look" makes a few more requests for each
   * image, "require" also fails an image if the source cannot list its referrers. Default "ignore".
   */
  readonly leftBehind: "ignore" | "look" | "require";
  /** "remove": leaves signatures behind that the destination cannot hold; "keep" (default): their image fails. */
  readonly signatures: "keep" | "remove";
  /** "delete": also deletes tags at the destination that a fully listed source no longer has. Default "keep". */
  readonly deletion: "delete" | "keep";
  /** "stop" (default): no other image is started after the first failure. */
  readonly onFailure: "stop" | "go-on";
  /**
   * "verify": reads content and manifests that the destination has and compares them with their digests, reads each manifest
   * after it was put, and looks whether each sent blob is there. Default "trust".
   */
  readonly present: ImageCopy["present"];
  /** "check": compares all images and writes nothing. Default "copy". */
  readonly mode: "copy" | "check";
  /** Concurrent images. Their transfers are bounded by `concurrency`. Default 12. */
  readonly images: number;
  /** Concurrent transfers. Default 8. */
  readonly concurrency: number;
  /** Retries of an image after a temporary failure. Default: no retry. */
  readonly retry: { readonly times: number; readonly delayMs?: number | undefined };
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

export interface SyncOptions extends Partial<SyncDefaults> {
  readonly naming: NamingOptions;
  readonly destinations: Destinations;
  readonly signal?: AbortSignal | undefined;
  /** Called with each report as soon as it is known. */
  readonly onImage?: ((report: ImageReport) => void) | undefined;
  /** Of each blob that is sent, by its digest. */
  readonly onProgress?: ProgressCallback | undefined;
}

export type ResolvedOptions = SyncOptions & SyncDefaults;

export const syncDefaults: SyncDefaults = {
  platforms: "all",
  referrers: "leave",
  leftBehind: "ignore",
  signatures: "keep",
  deletion: "keep",
  onFailure: "stop",
  present: "trust",
  mode: "copy",
  images: 12,
  concurrency: 8,
  retry: { times: 0 },
  sleep: (ms, signal) => wait(ms, undefined, { signal }),
};
