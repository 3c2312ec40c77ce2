/** Verified bytes of a target, for a program that reads them. Nothing is yielded before all of it was verified. */
import type { ByteStream } from "@dtuf/registry";
import { spool } from "@dtuf/registry/files";
import { fromSites, openPart, openWhole, type FetchTargetContext } from "./fetch-part.ts";
import type { TargetInfo, TargetPart } from "../sources/source.ts";

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

export interface VerifiedBlob extends TargetPart {
  /** Every byte of it has been verified before the first is yielded. */
  readonly stream: ByteStream;
}

/** Blob by blob: each is verified by its own signed digest before it is yielded. */
export async function* openVerifiedBlobs(target: TargetInfo, context: OpenTargetContext): AsyncGenerator<VerifiedBlob> {
  for (const [index, part] of target.blobs.entries()) {
    const stream = await fromSites(context, target, async (site) => {
      if (site.parts(target)[index]?.digest !== part.digest) return undefined;
      const found = await openPart(site, { target, part }, context);
      return found === undefined ? undefined : spool(found, part.size, context.spoolDirectory);
    });
    yield { ...part, stream };
  }
}
