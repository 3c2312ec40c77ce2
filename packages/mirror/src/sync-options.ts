/** How a run is to go about it. */
import { setTimeout as wait } from "node:timers/promises";
import type { Destinations } from "./destinations/destinations.ts";
import type { ImageCopy } from "./images/manifest-tree.ts";
import type { NamingOptions } from "./destinations/naming.ts";
import type { PlatformChoice } from "./images/platform.ts";
import type { ImageReport } from "./report.ts";

/** What has a default. */
export interface SyncManner {
  /** Default "all". */
  readonly platforms: PlatformChoice;
  /** Default "leave". */
  readonly referrers: ImageCopy["referrers"];
  /**
   * Which images' referrers are left behind, if they are not carried: "look" asks a little more for each image, "require"
   * makes an image whose referrers the source cannot tell a failure. Default "ignore".
   */
  readonly leftBehind: "ignore" | "look" | "require";
  /** "remove": signatures that the destination cannot hold are left behind; "keep" (default): their image fails. */
  readonly signatures: "keep" | "remove";
  /** "delete": tags of a fully listed repository that are gone at the source go at the destination too. Default "keep". */
  readonly deletion: "delete" | "keep";
  /** "stop" (default): after the first image that fails no other is begun. */
  readonly onFailure: "stop" | "go-on";
  /** "verify": content that is at the destination is read and compared with its digest. Default "trust". */
  readonly present: ImageCopy["present"];
  /** "check": everything is looked at and nothing is written. Default "copy". */
  readonly mode: "copy" | "check";
  /** Images at once: looked for, and copied within the bound that follows. Default 12. */
  readonly images: number;
  /** Transfers at once. Default 6. */
  readonly concurrency: number;
  /** Default: none. */
  readonly retry: { readonly times: number; readonly delayMs?: number | undefined };
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

export interface SyncOptions extends Partial<SyncManner> {
  readonly naming: NamingOptions;
  readonly destinations: Destinations;
  readonly signal?: AbortSignal | undefined;
  /** Told as soon as each is known. */
  readonly onImage?: ((report: ImageReport) => void) | undefined;
}

export type SettledOptions = SyncOptions & SyncManner;

export const defaultManner: SyncManner = {
  platforms: "all",
  referrers: "leave",
  leftBehind: "ignore",
  signatures: "keep",
  deletion: "keep",
  onFailure: "stop",
  present: "trust",
  mode: "copy",
  images: 12,
  concurrency: 6,
  retry: { times: 0 },
  sleep: (ms, signal) => wait(ms, undefined, { signal }),
};
