/** The bridge between the two: TUF's hashes of a file (algorithm to hex) and the OCI digest of the same bytes. */
import { digestAlgorithm, digestHex, parseDigest, type Digest } from "@dtuf/registry";

/** What a digest says, as TUF metadata says it. */
export function tufHashes(digest: Digest): ReadonlyMap<string, string> {
  return new Map([[digestAlgorithm(digest), digestHex(digest)]]);
}

/**
 * The digest by which hashes of TUF metadata name a blob: of their sha256 if they have one, else of their sha512.
 * @throws OciError OCI_DIGEST_INVALID if they have neither, which no parsed metadata does
 */
export function blobDigest(hashes: ReadonlyMap<string, string>): Digest {
  const algorithm = hashes.has("sha256") ? "sha256" : "sha512";
  return parseDigest(`${algorithm}:${hashes.get(algorithm) ?? ""}`);
}
