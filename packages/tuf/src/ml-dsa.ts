/**
 * ML-DSA (FIPS 204) for TUF, as in TAP 21: key type `ml-dsa`, the parameter set and the version of the scheme in
 * `scheme`, the public key in PEM (SPKI). The signature is over a short prefix and the SHA-512 of the canonical bytes, so that
 * tokens and clouds do not need the whole document. The context of FIPS 204 is empty.
 */
import { createHash, verify, type KeyObject } from "node:crypto";

export const mlDsaKeyType = "ml-dsa";

const parameterSets: ReadonlyMap<string, string> = new Map([
  ["ml-dsa-44/1", "ml-dsa-44"],
  ["ml-dsa-65/1", "ml-dsa-65"],
  ["ml-dsa-87/1", "ml-dsa-87"],
]);

/** Node's name of the parameter set; undefined for a scheme of another type or version. */
export function mlDsaParameterSet(scheme: string): string | undefined {
  return parameterSets.get(scheme);
}

/** The scheme of a key with that parameter set; undefined if it is not an ML-DSA parameter set. */
export function mlDsaScheme(parameterSet: string | undefined): string | undefined {
  const scheme = `${parameterSet}/1`;
  return parameterSets.has(scheme) ? scheme : undefined;
}

/** The bytes that are signed instead of the payload: `tuf`, the scheme's version (one byte), SHA-512 of the payload (TAP 21). */
export function mlDsaMessage(payload: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("tuf\u0001"), createHash("sha512").update(payload).digest()]);
}

/** Verification of FIPS 204 itself, over the message unchanged, with the empty context. */
export function verifiesMlDsa(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, message, key, signature);
}
