/** How the bytes of a target came, or will come, to its file. */
import { DeltaError } from "@dtuf/delta";
import { OciError, type ByteRange } from "@dtuf/registry";
import { FileError } from "@dtuf/registry/files";
import { CopyError } from "../errors.ts";
import { requestCostBytes } from "../limits.ts";
import type { Traffic } from "../sources/counted-site.ts";
import type { TargetInfo } from "../sources/source.ts";

/**
 * "present": the file had them, or an interrupted download left them. "seed": other files had them. "patch": made from an
 * older file and signed patches, which were fetched. "compressed": unpacked from a signed compressed copy. "ranges": fetched by ranges: some chunks
 * alone, or all of a large target. "whole": fetched, all that was missing by one request for each blob.
 */
export type Way = "present" | "seed" | "patch" | "compressed" | "ranges" | "whole";

/** The plan for one target, made before any of its bytes is fetched. */
export interface TargetPlan extends Readonly<Traffic> {
  /** Bytes that need no request because they are in place. */
  readonly presentBytes: number;
  /** Bytes that seeds have. */
  readonly seedBytes: number;
  /** What is fetched by ranges; empty if the rest is fetched as a whole. */
  readonly ranges: readonly ByteRange[];
  readonly ways: readonly Way[];
}

/** What was done for one target. */
export interface SaveReport extends Readonly<Traffic> {
  readonly outcome: SaveOutcome;
  readonly ways: readonly Way[];
}

export interface SavedTarget extends SaveReport {
  readonly target: TargetInfo;
  /** As the call named it. */
  readonly destination: string;
}

/** "unchanged": the file had exactly the target's bytes and was not touched. */
export type SaveOutcome = "written" | "unchanged";

/** Whether the next way is taken after this error. */
export function isFaultOfWay(error: unknown, { signal }: { readonly signal?: AbortSignal | undefined }): boolean {
  if (signal?.aborted === true) return false;
  if (CopyError.is(error)) return error.code === "COPY_NO_SPACE";
  return DeltaError.is(error) || OciError.is(error) || FileError.is(error);
}

/** What has to be fetched. */
export interface Fetching {
  readonly fetchedBytes: number;
  readonly requests: number;
}

export function costOf({ fetchedBytes, requests }: Fetching): number {
  return fetchedBytes + requests * requestCostBytes;
}
