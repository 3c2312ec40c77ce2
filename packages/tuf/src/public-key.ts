/**
 * Converts a key as written to a key that can verify. The key's own type and scheme, which must agree with its material,
 * select the verifier; the signature has no influence. Supported: ed25519 (hex or PEM), ecdsa on P-256 and P-384 (PEM or
 * hex point, compressed or not; key types `ecdsa` and `ecdsa-sha2-nistp…`), RSA of 2048 bits or more with PSS, ML-DSA (PEM)
 * on Node 24.7 and newer.
 */
import type { KeyObject } from "node:crypto";
import { constants, createPublicKey, verify } from "node:crypto";
import { crypto } from "@sigstore/core";
import { mlDsaKeyType, mlDsaMessage, mlDsaParameterSet, verifiesMlDsa } from "./ml-dsa.ts";

/** The fields of a document that determine how a key verifies. */
export interface WrittenKey {
  readonly keyType: string;
  readonly scheme: string;
  /** `keyval.public` as written: hex or PEM. Empty if the key type has none. */
  readonly public: string;
}

/** Families of algorithms that fail together if one of them is broken. */
export type KeyFamily = "ed25519" | "ecdsa" | "rsa" | "ml-dsa";

/** A key that can verify, with the digest of its material. */
export interface PublicKey {
  readonly family: KeyFamily;
  readonly material: string;
  verifies(payload: Uint8Array, signature: Uint8Array): boolean;
}

interface Curve {
  readonly name: string;
  readonly digest: string;
  /** SPKI headers of a point, by the point's length in bytes. */
  readonly headers: ReadonlyMap<number, string>;
}

const curves: ReadonlyMap<string, Curve> = new Map([
  [
    "ecdsa-sha2-nistp256",
    {
      name: "prime256v1",
      digest: "sha256",
      headers: new Map([
        [33, "3039301306072a8648ce3d020106082a8648ce3d030107032200"],
        [65, "3059301306072a8648ce3d020106082a8648ce3d030107034200"],
      ]),
    },
  ],
  [
    "ecdsa-sha2-nistp384",
    {
      name: "secp384r1",
      digest: "sha384",
      headers: new Map([
        [49, "3046301006072a8648ce3d020106052b81040022033200"],
        [97, "3076301006072a8648ce3d020106052b81040022036200"],
      ]),
    },
  ],
]);

const ed25519Headers: ReadonlyMap<number, string> = new Map([[32, "302a300506032b6570032100"]]);

/** Without the sign bit, canonical or not. */
const smallOrderPoints: ReadonlySet<string> = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ...["ec", "ed", "ee"].map((first) => `${first}${"ff".repeat(30)}7f`),
]);

const pssDigests: ReadonlyMap<string, string> = new Map([
  ["rsassa-pss-sha256", "sha256"],
  ["rsassa-pss-sha384", "sha384"],
  ["rsassa-pss-sha512", "sha512"],
]);

/** Shorter RSA keys have been disallowed since 2013 (NIST SP 800-131A). */
const rsaMinBits = 2048;

/** Returns the key, ready to verify, or undefined if its type, scheme or material is not supported. */
export function findPublicKey(key: WrittenKey | undefined): PublicKey | undefined {
  if (key === undefined) return undefined;
  const known = cache.get(key);
  if (known !== undefined) return known.key;
  const found = openKey(key);
  cache.set(key, { key: found });
  return found;
}

const cache = new WeakMap<WrittenKey, { readonly key: PublicKey | undefined }>();

/** Reads `-----BEGIN PUBLIC KEY-----` and `-----BEGIN RSA PUBLIC KEY-----`, but never a private key or a certificate. */
export function findPem(text: string): KeyObject | undefined {
  const pem = text.trim();
  if (!/^-----BEGIN (?:RSA )?PUBLIC KEY-----\s/.test(pem)) return undefined;
  try {
    return crypto.createPublicKey(pem);
  } catch {
    return undefined;
  }
}

function openKey(key: WrittenKey): PublicKey | undefined {
  const curve = curves.get(key.scheme);
  if (curve !== undefined && (key.keyType === "ecdsa" || key.keyType === key.scheme)) return openEcdsa(key, curve);
  if (key.keyType === "ed25519" && key.scheme === "ed25519") return openEd25519(key);
  const parameterSet = mlDsaParameterSet(key.scheme);
  if (key.keyType === mlDsaKeyType && parameterSet !== undefined) return openMlDsa(key, parameterSet);
  const digest = pssDigests.get(key.scheme);
  return key.keyType === "rsa" && digest !== undefined ? openRsa(key, digest) : undefined;
}

function openEcdsa(key: WrittenKey, curve: Curve): PublicKey | undefined {
  const found = findPem(key.public) ?? fromHex(key.public, curve.headers);
  if (found?.asymmetricKeyDetails?.namedCurve !== curve.name) return undefined;
  // DER keeps a compressed point compressed; JWK gives every encoding the same form.
  const opened = createPublicKey({ key: found.export({ format: "jwk" }), format: "jwk" });
  return publicKey("ecdsa", opened, (payload, signature) => crypto.verify(payload, opened, signature, curve.digest));
}

function openEd25519(key: WrittenKey): PublicKey | undefined {
  const opened = findPem(key.public) ?? fromHex(key.public, ed25519Headers);
  if (opened?.asymmetricKeyType !== "ed25519" || isSmallOrder(opened)) return undefined;
  return publicKey("ed25519", opened, (payload, signature) => crypto.verify(payload, opened, signature));
}

/** Anybody can sign for a key of small order (RFC 8032, 8; the zero key is one), so it counts for nothing. */
function isSmallOrder(key: KeyObject): boolean {
  const point = key.export({ format: "der", type: "spki" }).subarray(-32);
  const [last = 0] = point.subarray(-1);
  return smallOrderPoints.has(Buffer.concat([point.subarray(0, -1), Buffer.of(last & 0x7f)]).toString("hex"));
}

function openRsa(key: WrittenKey, digest: string): PublicKey | undefined {
  const opened = findPem(key.public);
  if (opened?.asymmetricKeyType !== "rsa" || (opened.asymmetricKeyDetails?.modulusLength ?? 0) < rsaMinBits) {
    return undefined;
  }
  const pss = { key: opened, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
  return publicKey("rsa", opened, (payload, signature) => verify(digest, payload, pss, signature));
}

function openMlDsa(key: WrittenKey, parameterSet: string): PublicKey | undefined {
  const opened = findPem(key.public);
  if ((opened?.asymmetricKeyType as string | undefined) !== parameterSet || opened === undefined) return undefined;
  return publicKey("ml-dsa", opened, (payload, signature) => verifiesMlDsa(opened, mlDsaMessage(payload), signature));
}

function publicKey(
  family: KeyFamily,
  key: KeyObject,
  verifies: (payload: Buffer, signature: Buffer) => boolean,
): PublicKey {
  const der = key.export({ format: "der", type: "spki" });
  return {
    family,
    material: crypto.digest("sha256", der).toString("hex"),
    verifies: (payload, signature) => verifies(asBuffer(payload), asBuffer(signature)),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function fromHex(hex: string, headers: ReadonlyMap<number, string>): KeyObject | undefined {
  const header = headers.get(hex.length / 2);
  if (header === undefined || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
  try {
    return crypto.createPublicKey(Buffer.from(header + hex, "hex"));
  } catch {
    return undefined;
  }
}
