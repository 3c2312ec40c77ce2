import { parseDigest } from "@dtuf/registry";
import type { TargetFile } from "@dtuf/tuf";
import type { TargetPart } from "./source.ts";

/** A target in one piece, as plain TUF repositories keep it; no piece where there is nothing to fetch. */
export function wholeTarget({ length, hashes }: TargetFile): readonly TargetPart[] {
  if (length === 0) return [];
  const sha256 = hashes.get("sha256");
  const digest = sha256 === undefined ? `sha512:${hashes.get("sha512") ?? ""}` : `sha256:${sha256}`;
  return [{ digest: parseDigest(digest), size: length }];
}
