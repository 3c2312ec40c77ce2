import { blobDigest } from "@dtuf/format";
import type { TargetFile } from "@dtuf/tuf";
import type { TargetPiece } from "./source.ts";

/** The target as one piece, as plain TUF repositories store it. Returns an empty list if its length is 0. */
export function wholeTarget({ length, hashes }: TargetFile): readonly TargetPiece[] {
  if (length === 0) return [];
  return [{ digest: blobDigest(hashes), size: length }];
}
