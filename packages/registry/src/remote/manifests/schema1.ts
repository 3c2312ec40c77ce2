/**
 * Docker's schema 1, read only. A signed manifest contains its signatures, and its digest is that of the payload they
 * sign: all but the last bytes of the text, as `protected` says (docker/libtrust, JSON signatures). The signatures
 * prove nothing, because they were made with throw-away keys.
 */
import { OciError } from "../../errors.ts";

/** Returns the bytes that the digest is of, or the manifest itself if it is not signed. @throws OciError OCI_MANIFEST_INVALID */
export function schema1Payload(bytes: Uint8Array): Uint8Array {
  const json = JSON.parse(Buffer.from(bytes).toString()) as { readonly signatures?: unknown };
  const signature: unknown = Array.isArray(json.signatures) ? json.signatures[0] : undefined;
  if (signature === undefined) return bytes;
  const { formatLength, formatTail } = parseProtected(signature);
  if (!Number.isSafeInteger(formatLength) || typeof formatTail !== "string") throw invalid();
  const length = formatLength as number;
  if (length < 0 || length > bytes.length) throw invalid();
  return Buffer.concat([bytes.subarray(0, length), Buffer.from(formatTail, "base64url")]);
}

function parseProtected(signature: unknown): { readonly formatLength?: unknown; readonly formatTail?: unknown } {
  const text = typeof signature === "object" && signature !== null && "protected" in signature && signature.protected;
  if (typeof text !== "string") throw invalid();
  try {
    return (JSON.parse(Buffer.from(text, "base64url").toString()) ?? {}) as object;
  } catch (cause) {
    throw invalid(cause);
  }
}

function invalid(cause?: unknown): OciError {
  return new OciError("OCI_MANIFEST_INVALID", "manifest: the signature of schema 1 does not contain what it signs", {
    ...(cause === undefined ? {} : { cause }),
  });
}
