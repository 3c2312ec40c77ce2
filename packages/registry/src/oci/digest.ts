/**
 * Digests: `algorithm:encoded`, verified against their grammar before they are used in a path or a URL
 * (image-spec, descriptor.md "Digests"). Two algorithms are supported: sha256 and sha512, lower-case hex of full length.
 */
import { createHash } from "node:crypto";
import { OciError } from "../errors.ts";

declare const digestBrand: unique symbol;

/** A digest that `parseDigest` accepted: safe in a URL and, in its two parts, in a path. */
export type Digest = string & { readonly [digestBrand]: true };

export type DigestAlgorithm = "sha256" | "sha512";

const hexLength: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/** @throws OciError OCI_DIGEST_INVALID */
export function parseDigest(text: string): Digest {
  const match = /^(sha256|sha512):([0-9a-f]+)$/.exec(text);
  if (match === null || match[2]?.length !== hexLength[match[1] as DigestAlgorithm]) {
    const shown = text.length > 160 ? `${text.slice(0, 160)}…` : text;
    throw new OciError("OCI_DIGEST_INVALID", `not a digest: ${JSON.stringify(shown)}; wanted sha256:<64 hex digits>`, {
      details: { got: shown },
    });
  }
  return text as Digest;
}

/** Whether `parseDigest` accepts the text. Never throws. */
export function isDigest(text: string): text is Digest {
  return /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

/** The part before the colon. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

/** The part after the colon: 64 or 128 lower-case hex digits. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The digest whose hash is the first bytes. */
export function digestFrom(algorithm: DigestAlgorithm, bytes: Uint8Array): Digest {
  const hash = Buffer.from(bytes.subarray(0, hexLength[algorithm] / 2));
  return parseDigest(`${algorithm}:${hash.toString("hex")}`);
}

/** Hashes bytes incrementally. `digest()` may be called once. */
export interface Digester {
  update(chunk: Uint8Array): void;
  digest(): Digest;
}

/** Makes a digester for the given algorithm. Default sha256. */
export function createDigester(algorithm: DigestAlgorithm = "sha256"): Digester {
  const hash = createHash(algorithm);
  return {
    update: (chunk) => void hash.update(chunk),
    digest: () => `${algorithm}:${hash.digest("hex")}` as Digest,
  };
}

/** Computes the digest of bytes in memory. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  const digester = createDigester(algorithm);
  digester.update(bytes);
  return digester.digest();
}
