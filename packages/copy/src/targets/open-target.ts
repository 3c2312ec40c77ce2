/**
 * Verified bytes of a target, for a program that reads them. With a signed chunk index each chunk is yielded when it is verified;
 * without one, no byte is yielded before the whole target is verified.
 */
import { verifyingChunks, type ChunkIndex } from "@dtuf/delta";
import { verifying, type ByteStream } from "@dtuf/registry";
import { spool } from "@dtuf/registry/files";
import { cutParts, type CutPart } from "./cut-parts.ts";
import { fromSites, isFinal, notFound, openWhole, reportSkipped, type FetchTargetContext } from "./fetch-part.ts";
import { findIndex } from "./chunks/find-index.ts";
import type { TargetInfo, TargetPiece } from "../sources/source.ts";

export interface OpenTargetContext extends FetchTargetContext {
  /** Holds large targets until they are verified. */
  readonly spoolDirectory: string;
}

/**
 * What was yielded is a beginning of the signed content at every moment. The stream ends without an error only if the whole
 * content was verified by the target's length and hashes. The first chunk has been verified when this returns.
 */
export async function openVerified(target: TargetInfo, context: OpenTargetContext): Promise<ByteStream> {
  const index = await findIndex(target, context);
  return index === undefined ? openSpooled(target, context) : begun(streamChunks({ target, index }, context));
}

interface Indexed {
  readonly target: TargetInfo;
  readonly index: ChunkIndex;
}

/** If a site fails, the next one goes on: the chunks that were yielded are fetched from it once more and left out. */
async function* streamChunks({ target, index }: Indexed, context: OpenTargetContext): AsyncGenerator<Uint8Array, void> {
  const failures: unknown[] = [];
  let yielded = 0;
  for (const site of context.sites) {
    try {
      const stream = await openWhole(site, target, context);
      if (stream === undefined) continue;
      for await (const chunk of leaveOut(yielded, verifyingChunks(stream, index))) {
        yielded += 1;
        yield chunk;
      }
      context.signal?.throwIfAborted();
      return;
    } catch (error) {
      if (context.signal?.aborted === true || isFinal(error)) throw error;
      failures.push(error);
      reportSkipped(context, site, error);
    }
  }
  throw failures.length > 0 ? failures[0] : notFound(context, target);
}

async function* leaveOut(count: number, chunks: ByteStream): ByteStream {
  let number = 0;
  for await (const chunk of chunks) if (++number > count) yield chunk;
}

/** The first chunk comes before the stream, so that a target that cannot be fetched fails where it is opened. */
async function begun(chunks: AsyncGenerator<Uint8Array, void>): Promise<ByteStream> {
  const first = await chunks.next();
  async function* all(): ByteStream {
    try {
      if (first.done !== true) yield first.value;
      yield* chunks;
    } finally {
      await chunks.return();
    }
  }
  return all();
}

function openSpooled(target: TargetInfo, context: OpenTargetContext): Promise<ByteStream> {
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
