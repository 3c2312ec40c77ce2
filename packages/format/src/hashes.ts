/** Converts between TUF's hashes of a file (algorithm to hex) and the OCI digest of the same bytes. */
import { digestAlgorithm, digestHex, parseDigest, type Digest } from "@dtuf/registry";

/** The TUF hashes of a digest. */
export function tufHashes(digest: Digest): ReadonlyMap<string, string> {
  return new Map([[digestAlgorithm(digest), digestHex(digest)]]);
}

/**
 * Returns the digest that names the blob: made from the sha256 if there is one, else from the sha512.
 * @throws OciError OCI_DIGEST_INVALID if there is neither, which parsed metadata never has
 */
export function blobDigest(hashes: ReadonlyMap<string, string>): Digest {
  const algorithm = hashes.has("sha256") ? "sha256" : "sha512";
  return parseDigest(`${algorithm}:${hashes.get(algorithm) ?? ""}`);
}
