/** Verified bytes of a target, for a program that reads them. No byte is yielded before the whole target is verified. */
import { verifying, type ByteStream } from "@dtuf/registry";
import { spool } from "@dtuf/registry/files";
import { cutParts, type CutPart } from "./cut-parts.ts";
import { fromSites, openWhole, type FetchTargetContext } from "./fetch-part.ts";
import type { TargetInfo, TargetPiece } from "../sources/source.ts";

export interface OpenTargetContext extends FetchTargetContext {
  /** Holds large targets until they are verified. */
  readonly spoolDirectory: string;
}

export function openVerified(target: TargetInfo, context: OpenTargetContext): Promise<ByteStream> {
  return fromSites(context, target, async (site) => {
    const stream = await openWhole(site, target, context);
    return stream === undefined ? undefined : spool(stream, target.length, context.spoolDirectory);
  });
}

/** A piece of a target. Every byte of the whole target has been verified before its first byte is yielded. */
export type VerifiedBlob = CutPart;

/**
 * Yields the blobs in order. Verifies the hashes of the whole target too, because the signed digests of the blobs do not
 * prove them.
 */
export async function* openVerifiedBlobs(target: TargetInfo, context: OpenTargetContext): AsyncGenerator<VerifiedBlob> {
  const alsoVerifying = (bytes: ByteStream): ByteStream => verifyingBlobs(bytes, target.blobs);
  const whole = await fromSites(context, target, async (site) => {
    const stream = await openWhole(site, target, { ...context, alsoVerifying });
    return stream && spool(stream, target.length, context.spoolDirectory);
  });
  yield* cutParts(whole, target.blobs);
}

/** Verifies each blob by its own digest, independently of the pieces that the site stores. */
async function* verifyingBlobs(bytes: ByteStream, blobs: readonly TargetPiece[]): ByteStream {
  for await (const { stream, ...blob } of cutParts(bytes, blobs)) yield* verifying(stream, blob);
}
