import { OciError, type ByteStream } from "@dtuf/registry";
import type { TargetPiece } from "../sources/source.ts";

export interface CutPart extends TargetPiece {
  readonly stream: ByteStream;
}

/**
 * Cuts the bytes of a target into its parts. One part is read at a time: the stream of a part throws a TypeError after the
 * next part was requested. Bytes of a part that were not read are skipped.
 */
export async function* cutParts(whole: ByteStream, parts: readonly TargetPiece[]): AsyncGenerator<CutPart> {
  const chunks = whole[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array();
  let position = 0;

  async function next(maxBytes: number): Promise<Uint8Array> {
    if (chunk.length === 0) {
      const { done, value } = await chunks.next();
      if (done === true) throw new OciError("OCI_SIZE_MISMATCH", `the content ended after ${position} bytes`);
      chunk = value;
    }
    const bytes = chunk.subarray(0, maxBytes);
    chunk = chunk.subarray(bytes.length);
    position += bytes.length;
    return bytes;
  }

  async function* read(start: number, end: number): ByteStream {
    for (let expected = start; expected < end; expected = position) {
      if (position !== expected) throw new TypeError("a blob must be read before the next one is requested");
      yield await next(end - position);
    }
  }

  try {
    let start = 0;
    for (const part of parts) {
      const end = start + part.size;
      yield { ...part, stream: read(start, end) };
      while (position < end) await next(end - position);
      start = end;
    }
  } finally {
    // Start the stream, because a stream that was never started would leave its file open.
    if (position === 0) await chunks.next();
    await chunks.return?.();
  }
}
