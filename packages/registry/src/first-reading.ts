/** The one reading of new content: observers see its bytes, and its digest is known at the end. */
import { observed, type ByteStream } from "./content.ts";
import type { Descriptor } from "./oci/descriptor.ts";
import { OciError } from "./errors.ts";
import { createContentDigester, type ContentDigester } from "./hashing/content-digester.ts";
import { mediaTypes } from "./oci/media-types.ts";
import type { NewContent } from "./store.ts";

export interface FirstReading {
  /** What is left. Ending the loop early does not end the reading: what was not yielded yet comes at the next call. */
  rest(): ByteStream;
  /** Reads what is left. @throws OciError OCI_SIZE_MISMATCH; the error of the content or of an observer */
  finish(): Promise<Descriptor>;
  /** The error of reading, if it failed. */
  readonly fault: { readonly error: unknown } | undefined;
  /** To be called at the end, also after a failure. */
  end(): Promise<void>;
}

/** Reads nothing before `rest` or `finish` is called. */
export function createFirstReading(content: NewContent): FirstReading {
  const source = createHashedSource(content);
  let fault: FirstReading["fault"];
  let isOver = false;

  // One at a time: a body may still be looking for its end when the answer comes and the reading is finished.
  const { next, idle } = inTurn(async () => {
    if (fault !== undefined) throw fault.error;
    if (isOver) throw new TypeError("the reading has ended");
    try {
      return await source.next();
    } catch (error) {
      fault = { error };
      throw error;
    }
  });

  async function* rest(): ByteStream {
    for (let chunk = await next(); chunk !== undefined; chunk = await next()) yield chunk;
  }

  return {
    rest,
    async finish() {
      for await (const _ of rest());
      const descriptor = source.descriptor();
      // A reading that failed has ended too.
      if (descriptor === undefined) throw fault?.error;
      return descriptor;
    },
    get fault() {
      return fault;
    },
    async end() {
      isOver = true;
      // A chunk on its way is hashed before another content may use the digester's thread.
      await idle();
      await source.end();
    },
  };
}

interface HashedSource {
  /** Undefined at the end, then `descriptor` is known. */
  next(): Promise<Uint8Array | undefined>;
  descriptor(): Descriptor | undefined;
  end(): Promise<void>;
}

function createHashedSource({ source, size, observers = [] }: NewContent): HashedSource {
  const chunks = observed(sized(source.open(0), size), observers)[Symbol.asyncIterator]();
  let digester: Promise<ContentDigester> | undefined;
  let descriptor: Descriptor | undefined;
  return {
    async next() {
      if (descriptor !== undefined) return undefined;
      const hashing = await (digester ??= createContentDigester("sha256", size));
      const { done, value } = await chunks.next();
      if (done === true) {
        descriptor = { mediaType: mediaTypes.octetStream, digest: await hashing.digest(), size };
        return undefined;
      }
      const waiting = hashing.update(value);
      if (waiting !== undefined) await waiting;
      return value;
    },
    descriptor: () => descriptor,
    async end() {
      (await digester)?.release();
      await chunks.return?.();
    },
  };
}

/** Runs one call at a time. */
function inTurn<T>(work: () => Promise<T>): { readonly next: () => Promise<T>; readonly idle: () => Promise<unknown> } {
  let turn: Promise<unknown> = Promise.resolve();
  return {
    next() {
      const result = turn.then(work);
      turn = result.catch(() => undefined);
      return result;
    },
    idle: () => turn,
  };
}

async function* sized(stream: ByteStream, size: number): ByteStream {
  let received = 0;
  for await (const chunk of stream) {
    received += chunk.length;
    if (received > size) throw wrongSize(size, received);
    yield chunk;
  }
  if (received < size) throw wrongSize(size, received);
}

function wrongSize(wanted: number, got: number): OciError {
  const message = `the content changed while it was read: it had ${wanted} bytes, then ${got}`;
  return new OciError("OCI_SIZE_MISMATCH", message, { details: { wanted, got } });
}
