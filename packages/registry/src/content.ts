/** Streams and sources of bytes: the input and output of a store. */

/** Chunks of any size. Ending the loop early (`break`, `return()`) frees the underlying resources. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** Content that can be read again from any offset, because an upload may have to start over. */
export interface ContentSource {
  /** Bytes from `offset` (0 or more) to the end. */
  open(offset: number): ByteStream;
}

/** What `put` accepts: small content as bytes, large content as a source. */
export type Content = Uint8Array | ContentSource;

/** Opens content at `offset` (0 or more) and reads to its end. */
export function openContent(content: Content, offset = 0): ByteStream {
  return content instanceof Uint8Array ? single(content.subarray(offset)) : content.open(offset);
}

async function* single(bytes: Uint8Array): ByteStream {
  if (bytes.length > 0) yield bytes;
}

/** Sees every byte of a content once and in order, while the content is read for another purpose. A digester is one. */
export interface ByteObserver {
  /** An error that it throws ends the reading. The chunk is valid only during the call: copy what is kept. */
  update(chunk: Uint8Array): void;
}

/** Passes a stream on. The observers see each chunk before the reader of the returned stream gets it. */
export async function* observed(stream: ByteStream, observers: readonly ByteObserver[]): ByteStream {
  for await (const chunk of stream) {
    for (const observer of observers) observer.update(chunk);
    yield chunk;
  }
}

/** Bytes that were read already, then the rest. Ending the loop early ends the rest. */
export async function* resumed(start: Uint8Array, rest: AsyncIterator<Uint8Array>): ByteStream {
  try {
    yield start;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

// Memory of chunks that stream through. V8 decides by the size of its own heap when to collect garbage, and the bytes of a chunk lie
// outside of it: 70 MiB of them waited, and each new chunk got memory that the system had to clear first. So the last reader of a
// chunk frees it, and the next chunk gets the same memory.

/** Memory that one chunk has to itself. */
const lone = new WeakSet<ArrayBufferLike>();

/** To be called by the maker of a chunk, if nothing else uses its memory and it has one reader at a time. Returns the chunk. */
export function withOwnMemory<Chunk extends Uint8Array>(chunk: Chunk): Chunk {
  if (fillsMemory(chunk)) lone.add(chunk.buffer);
  return chunk;
}

/**
 * To be called by the last reader of a chunk, when it has copied or hashed its bytes. The chunk has no bytes afterwards, if its
 * maker said that the memory is its own; if not, or if this is a part of the chunk, nothing happens.
 */
export function freeChunk(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (fillsMemory(chunk) && buffer instanceof ArrayBuffer && lone.delete(buffer)) buffer.transfer(0);
}

/** The same chunks. Each is freed when the next one is asked for: for a reader that keeps none of them. */
export async function* freeing(stream: ByteStream): ByteStream {
  for await (const chunk of stream) {
    yield chunk;
    freeChunk(chunk);
  }
}

function fillsMemory({ buffer, byteLength }: Uint8Array): boolean {
  // An empty chunk may be a constant of a library, which uses it again.
  return byteLength > 0 && byteLength === buffer.byteLength;
}
