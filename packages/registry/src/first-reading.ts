/** The one reading of new content: observers see its bytes, and its digest is known at the end. */
import { observed, type ByteStream } from "./content.ts";
import type { Descriptor } from "./descriptor.ts";
import { createDigester } from "./digest.ts";
import { OciError } from "./errors.ts";
import { mediaTypes } from "./media-types.ts";
import type { NewContent } from "./store.ts";

export interface FirstReading {
  /** What is left. Ending the loop early does not end the reading: what was not yielded yet comes at the next call. */
  rest(): ByteStream;
  /** Reads what is left. @throws OciError OCI_SIZE_MISMATCH; the error of the content or of an observer */
  finish(): Promise<Descriptor>;
  /** The error of reading, if it failed. */
  readonly fault: { readonly error: unknown } | undefined;
}

/** Reads nothing before `rest` or `finish` is called. */
export function createFirstReading({ source, size, observers = [] }: NewContent): FirstReading {
  const digester = createDigester();
  const chunks = observed(sized(source.open(0), size), [digester, ...observers])[Symbol.asyncIterator]();
  let fault: FirstReading["fault"];
  let descriptor: Descriptor | undefined;

  async function next(): Promise<IteratorResult<Uint8Array, unknown>> {
    try {
      return await chunks.next();
    } catch (error) {
      fault ??= { error };
      throw error;
    }
  }

  async function* rest(): ByteStream {
    for (let found = await next(); found.done !== true; found = await next()) yield found.value;
  }

  return {
    rest,
    async finish() {
      for await (const _ of rest());
      // A reading that failed has ended too.
      if (fault !== undefined) throw fault.error;
      descriptor ??= { mediaType: mediaTypes.octetStream, digest: digester.digest(), size };
      return descriptor;
    },
    get fault() {
      return fault;
    },
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
