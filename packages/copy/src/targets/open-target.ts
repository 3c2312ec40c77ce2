/** Verified bytes of a target, for a program that reads them. Nothing is yielded before all of it was verified. */
import { verifying, type ByteStream } from "@dtuf/registry";
import { spool } from "@dtuf/registry/files";
import { cutParts, type CutPart } from "./cut-parts.ts";
import { fromSites, openWhole, type FetchTargetContext } from "./fetch-part.ts";
import type { TargetInfo, TargetPiece } from "../sources/source.ts";

export interface OpenTargetContext extends FetchTargetContext {
  /** Where large targets wait until they are verified. */
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

/** Blob by blob, in order. The blobs' signed digests are not enough: the target's own hashes hold for all of them together. */
export async function* openVerifiedBlobs(target: TargetInfo, context: OpenTargetContext): AsyncGenerator<VerifiedBlob> {
  const alsoVerifying = (bytes: ByteStream): ByteStream => verifyingBlobs(bytes, target.blobs);
  const whole = await fromSites(context, target, async (site) => {
    const stream = await openWhole(site, target, { ...context, alsoVerifying });
    return stream && spool(stream, target.length, context.spoolDirectory);
  });
  yield* cutParts(whole, target.blobs);
}

/** Each blob by its own digest, however the site cuts the target. */
async function* verifyingBlobs(bytes: ByteStream, blobs: readonly TargetPiece[]): ByteStream {
  for await (const { stream, ...blob } of cutParts(bytes, blobs)) yield* verifying(stream, blob);
}
