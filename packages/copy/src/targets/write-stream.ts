/** Writes a target, or what is missing at its end, from one stream to its partial file, verified by the hashes of the whole. */
import { freeChunk, type ByteStream } from "@dtuf/registry";
import { createBatchWriter } from "@dtuf/registry/files";
import { isProven, openFrom, openWhole, verifyingTarget, type FetchTargetContext } from "./fetch-part.ts";
import { readRange, type PartialFile } from "./partial-file.ts";
import type { Way } from "./ways.ts";
import type { Site, TargetInfo } from "../sources/source.ts";

export interface Download {
  readonly target: TargetInfo;
  readonly partial: PartialFile;
  readonly onWay: (way: Way) => void;
}

/** Returns undefined if the site does not have the target. */
export async function writeWhole(
  site: Site,
  { target, partial, onWay }: Download,
  context: FetchTargetContext,
): Promise<"done" | undefined> {
  const stream = await openWhole(site, target, context);
  if (stream === undefined) return undefined;
  onWay("whole");
  await writeFrom(partial, { position: 0, length: target.length, stream });
  return "done";
}

/**
 * Continues where the earlier call ended. The bytes on disk are always read and hashed again, because neither they nor the
 * source are trusted; it throws if together they are not the target.
 */
export async function continueFrom(
  site: Site,
  { target, partial, held, onWay }: Download & { readonly held: number },
  context: FetchTargetContext,
): Promise<"done" | undefined> {
  const readHeld = (from: number): ByteStream => untilAborted(readRange(partial.path, from, held), context.signal);
  const found = await openFrom(site, { target, held, readHeld }, context);
  if (found === undefined) return undefined;
  if (held < target.length) onWay("whole");
  // If the store has read and hashed these bytes already, one reading is enough.
  const verified = isProven(found, target)
    ? verifyingTarget(found.stream, target, { ...context, after: found.from })
    : skipping(
        verifyingTarget(concatenate(readRange(partial.path, 0, found.from), found.stream), target, context),
        found.from,
      );
  await writeFrom(partial, { position: found.from, length: target.length, stream: verified });
  return "done";
}

interface Writing {
  /** In the file, of the first byte of the stream. */
  readonly position: number;
  /** Of the whole. */
  readonly length: number;
  readonly stream: ByteStream;
}

async function writeFrom({ file, path }: PartialFile, { position, length, stream }: Writing): Promise<void> {
  const writer = createBatchWriter(file, { path, position, expectedBytes: length - position, sync: "early" });
  try {
    for await (const chunk of stream) await writer.write(chunk);
  } finally {
    await writer.end();
  }
}

/** The stream without its first bytes. */
async function* skipping(stream: ByteStream, bytes: number): ByteStream {
  let passed = 0;
  for await (const chunk of stream) {
    const fresh = chunk.subarray(Math.min(chunk.length, Math.max(0, bytes - passed)));
    passed += chunk.length;
    if (fresh.length > 0) yield fresh;
    else freeChunk(chunk);
  }
}

async function* untilAborted(stream: ByteStream, signal: AbortSignal | undefined): ByteStream {
  for await (const chunk of stream) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

async function* concatenate(...streams: readonly ByteStream[]): ByteStream {
  for (const stream of streams) yield* stream;
}
