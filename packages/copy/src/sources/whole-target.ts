import { blobDigest } from "@dtuf/format";
import type { TargetFile } from "@dtuf/tuf";
import type { TargetPiece } from "./source.ts";

/** A target in one piece, as plain TUF repositories keep it; no piece where there is nothing to fetch. */
export function wholeTarget({ length, hashes }: TargetFile): readonly TargetPiece[] {
  if (length === 0) return [];
  return [{ digest: blobDigest(hashes), size: length }];
}
