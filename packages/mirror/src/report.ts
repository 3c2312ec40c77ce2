/** The results of a run as a value: for display, for scripts, and for the exit status. */
import type { Digest } from "@dtuf/registry";
import type { LeftBehind } from "./images/copy-referrers.ts";
import type { Tally } from "./images/transfers.ts";

export type ImageStatus =
  | "copied"
  | "unchanged"
  | "deleted"
  | "failed"
  | "would-copy"
  | "would-delete"
  /** Not started, because another image failed before. */
  | "skipped";

export interface ImageReport {
  readonly status: ImageStatus;
  /** Undefined if the image was deleted. */
  readonly source: string | undefined;
  /** Undefined if it is not known, because the source could not be listed. */
  readonly destination: string | undefined;
  readonly digest?: Digest | undefined;
  readonly error?: unknown;
  /** Referrers of the image at the source that are missing at the destination. Undefined: not checked. */
  readonly leftBehind?: readonly LeftBehind[] | undefined;
}

export interface SyncReport {
  /** In the order of the plan, after failures that happened before the plan. */
  readonly images: readonly ImageReport[];
  readonly transferred: Readonly<Tally>;
  /** Number of requested repositories, directories and archives. */
  readonly sources: number;
}

/** How many images of the report have one of the given statuses. */
export function countStatus({ images }: SyncReport, ...statuses: readonly ImageStatus[]): number {
  return images.filter(({ status }) => statuses.includes(status)).length;
}

/** Number of referrers that were left behind. Returns undefined if no image was checked. */
export function countLeftBehind({ images }: SyncReport): number | undefined {
  const looked = images.flatMap(({ leftBehind }) => (leftBehind === undefined ? [] : [leftBehind.length]));
  return looked.length === 0 ? undefined : looked.reduce((sum, count) => sum + count, 0);
}

/** "failed": no image succeeded. "partly": some images failed. */
export function outcomeOf(report: SyncReport): "done" | "partly" | "failed" {
  const failed = countStatus(report, "failed", "skipped");
  if (failed === 0) return "done";
  return failed === report.images.length ? "failed" : "partly";
}

/** The code, for scripts, and the message of an error. Errors without a code are `INTERNAL`. */
export function describeError(error: unknown): { readonly code: string; readonly message: string } {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "INTERNAL";
  return { code, message: error instanceof Error ? error.message : String(error) };
}

/** skopeo's digest file: a line `<manifest digest> <reference>` for each image that is at the destination. */
export function encodeDigestFile({ images }: SyncReport): string {
  return images
    .filter(({ status }) => status === "copied" || status === "unchanged")
    .map(({ digest, destination }) => `${digest ?? ""} ${destination ?? ""}\n`)
    .join("");
}
