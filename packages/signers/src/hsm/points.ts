/** The forms in which PKCS#11 gives curves and points. Pure. */
import type { JsonWebKey } from "node:crypto";

/** The curve's OID in DER, or its name, for ed25519. */
const curves: ReadonlyMap<string, { readonly crv: string; readonly bytes: number }> = new Map([
  ["06082a8648ce3d030107", { crv: "P-256", bytes: 32 }],
  ["06052b81040022", { crv: "P-384", bytes: 48 }],
  ["06032b6570", { crv: "Ed25519", bytes: 32 }],
  ["06092b06010401da470f01", { crv: "Ed25519", bytes: 32 }],
  [`130c${Buffer.from("edwards25519").toString("hex")}`, { crv: "Ed25519", bytes: 32 }],
]);

/** Returns undefined for another curve or a damaged point. */
export function jwkOfPoint(params: Buffer, encoded: Buffer): JsonWebKey | undefined {
  const curve = curves.get(params.toString("hex"));
  if (curve === undefined) return undefined;
  const { crv, bytes } = curve;
  const length = crv === "Ed25519" ? bytes : 2 * bytes + 1;
  // An OCTET STRING holds the point; some modules leave the wrapping out.
  const point =
    encoded.length === length + 2 && encoded[0] === 4 && encoded[1] === length ? encoded.subarray(2) : encoded;
  if (point.length !== length) return undefined;
  const text = (from: number, to: number): string => point.subarray(from, to).toString("base64url");
  if (crv === "Ed25519") return { kty: "OKP", crv, x: text(0, bytes) };
  return point[0] === 4 ? { kty: "EC", crv, x: text(1, 1 + bytes), y: text(1 + bytes, length) } : undefined;
}
