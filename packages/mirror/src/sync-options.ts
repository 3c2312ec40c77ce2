/** How a run is to go about it. */
import type { Destinations } from "./destinations.ts";
import type { ImageCopy } from "./manifest-tree.ts";
import type { NamingOptions } from "./naming.ts";
import type { PlatformChoice } from "./platform.ts";
import type { ImageReport } from "./report.ts";

export interface SyncOptions {
  readonly naming: NamingOptions;
  readonly destinations: Destinations;
  readonly platforms: PlatformChoice;
  readonly referrers: ImageCopy["referrers"];
  /** "remove": signatures that the destination cannot hold are left behind; "keep": their image fails. */
  readonly signatures: "keep" | "remove";
  /** "delete": tags of a fully listed repository that are gone at the source go at the destination too. */
  readonly deletion: "delete" | "keep";
  /** "stop": after the first image that fails no other is begun. */
  readonly onFailure: "stop" | "go-on";
  /** "check": everything is looked at and nothing is written. */
  readonly mode: "copy" | "check";
  /** Images at once. */
  readonly images: number;
  /** Requests and open files at once. */
  readonly concurrency: number;
  readonly retry: { readonly times: number; readonly delayMs: number | undefined };
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  /** Told as soon as each is known. */
  readonly onImage?: ((report: ImageReport) => void) | undefined;
}
