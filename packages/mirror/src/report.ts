/** What a run did, as a value: for people, for scripts, and for the exit status. */
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
  /** Not begun, because another failed before it. */
  | "skipped";

export interface ImageReport {
  readonly status: ImageStatus;
  /** Undefined for what is deleted. */
  readonly source: string | undefined;
  /** Undefined where it is not known, because the source could not be looked into. */
  readonly destination: string | undefined;
  readonly digest?: Digest | undefined;
  readonly error?: unknown;
  /** What refers to it at the source and not at the destination. Undefined: nobody looked. */
  readonly leftBehind?: readonly LeftBehind[] | undefined;
}

export interface SyncReport {
  /** In the order of the plan, what failed before it first. */
  readonly images: readonly ImageReport[];
  readonly transferred: Readonly<Tally>;
  /** How many repositories, directories or archives were asked for. */
  readonly sources: number;
}

/** How many images of the report have one of the given statuses. */
export function countStatus({ images }: SyncReport, ...statuses: readonly ImageStatus[]): number {
  return images.filter(({ status }) => statuses.includes(status)).length;
}

/** How many referrers were left behind; undefined: of no image did anybody look. */
export function countLeftBehind({ images }: SyncReport): number | undefined {
  const looked = images.flatMap(({ leftBehind }) => (leftBehind === undefined ? [] : [leftBehind.length]));
  return looked.length === 0 ? undefined : looked.reduce((sum, count) => sum + count, 0);
}

/** "failed": nothing else was achieved. "partly": some of it was. */
export function outcomeOf(report: SyncReport): "done" | "partly" | "failed" {
  const failed = countStatus(report, "failed", "skipped");
  if (failed === 0) return "done";
  return failed === report.images.length ? "failed" : "partly";
}

/** A code for a script, and the message: of errors of any of our packages. */
export function describeError(error: unknown): { readonly code: string; readonly message: string } {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "INTERNAL";
  return { code, message: error instanceof Error ? error.message : String(error) };
}

/** skopeo's digest file: `<manifest digest> <reference>`, a line for each image that is at the destination. */
export function encodeDigestFile({ images }: SyncReport): string {
  return images
    .filter(({ status }) => status === "copied" || status === "unchanged")
    .map(({ digest, destination }) => `${digest ?? ""} ${destination ?? ""}\n`)
    .join("");
}
