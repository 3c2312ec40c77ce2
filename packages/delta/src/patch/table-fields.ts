/** Fields of a patch table, and why one is refused. */
import type { IndexedContent } from "../chunk-index.ts";
import { DeltaError } from "../errors.ts";

export const contentBytes = 40;

/** The length in 8 bytes, and the SHA-256. */
export function writeContent(bytes: Buffer, at: number, { length, sha256 }: IndexedContent): void {
  bytes.writeBigUInt64BE(BigInt(length), at);
  bytes.set(Buffer.from(sha256, "hex"), at + 8);
}

export function readContent(view: Buffer, at: number): IndexedContent {
  const length = Number(view.readBigUInt64BE(at));
  if (!Number.isSafeInteger(length)) throw invalid("it is for a content of more than 2^53 bytes");
  return { length, sha256: view.toString("hex", at + 8, at + contentBytes) };
}

export function unknown(what: string, got: number): DeltaError {
  return new DeltaError("DELTA_PATCH_VERSION", `the patch has a ${what} that this program does not know: ${got}`, {
    got,
  });
}

export function invalid(what: string, got?: number): DeltaError {
  const details = got === undefined ? {} : { got };
  return new DeltaError("DELTA_PATCH_INVALID", `not a table of this patch: ${what}`, details);
}
