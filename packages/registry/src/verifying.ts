/**
 * All content leaves a store through these functions. A wrong stream always throws before its end: at the first byte too many,
 * at an early end, or if the digest differs.
 */
import type { ByteStream } from "./content.ts";
import type { Descriptor } from "./descriptor.ts";
import { createDigester, digestAlgorithm, type Digest, type Digester } from "./digest.ts";
import { OciError } from "./errors.ts";
import {
  createContentDigester,
  withoutThread,
  type ContentDigester,
  type CreateContentDigester,
} from "./hashing/content-digester.ts";

type Expected = Pick<Descriptor, "digest" | "size">;

/** @throws OciError OCI_SIZE_MISMATCH, OCI_DIGEST_MISMATCH from the stream */
export function verifying(stream: ByteStream, expected: Expected): ByteStream {
  return verifyingBy(createContentDigester, stream, expected);
}

/** The same with another choice of where content is hashed. */
export function verifyingBy(createHash: CreateContentDigester, stream: ByteStream, expected: Expected): ByteStream {
  const create = (): Promise<ContentDigester> => createHash(digestAlgorithm(expected.digest), expected.size);
  const verified = verifyingRest(stream, expected, { create, received: 0 });
  proven.set(verified, expected.digest);
  return verified;
}

/** The same for the rest of content whose first `received` bytes already went through `digester`. */
export function verifyingFrom(
  stream: ByteStream,
  expected: Expected,
  start: { readonly digester: Digester; readonly received: number },
): ByteStream {
  const { digester, received } = start;
  const create = (): Promise<ContentDigester> => Promise.resolve(withoutThread(digester));
  const verified = verifyingRest(stream, expected, { create, received });
  if (received === 0) proven.set(verified, expected.digest);
  return verified;
}

/** Streams that `verifying` made and that contain a whole content. */
const proven = new WeakMap<ByteStream, Digest>();

/**
 * Returns the digest that a stream is verified against, if `verifying` made this very stream. A caller that needs that digest
 * verified does not have to hash again.
 */
export function provenDigest(stream: ByteStream): Digest | undefined {
  return proven.get(stream);
}

/** Yields the same chunks and reports the size of each to `onBytes`. What `provenDigest` says of the stream stays true. */
export function counted(stream: ByteStream, onBytes: ((bytes: number) => void) | undefined): ByteStream {
  if (onBytes === undefined) return stream;
  const same = counting(stream, onBytes);
  const digest = proven.get(stream);
  if (digest !== undefined) proven.set(same, digest);
  return same;
}

async function* counting(stream: ByteStream, onBytes: (bytes: number) => void): ByteStream {
  for await (const chunk of stream) {
    onBytes(chunk.length);
    yield chunk;
  }
}

interface Start {
  /** Called at the first read. */
  readonly create: () => Promise<ContentDigester>;
  readonly received: number;
}

async function* verifyingRest(stream: ByteStream, expected: Expected, start: Start): ByteStream {
  const digester = await start.create();
  let received = start.received;
  try {
    for await (const chunk of stream) {
      received += chunk.length;
      if (received > expected.size) throw sizeMismatch(expected, received, "more");
      const hashing = digester.update(chunk);
      if (hashing !== undefined) await hashing;
      yield chunk;
    }
    if (received !== expected.size) throw sizeMismatch(expected, received, "only");
    verifyDigest(expected, await digester.digest());
  } finally {
    digester.release();
  }
}

/** @throws OciError OCI_SIZE_MISMATCH, OCI_DIGEST_MISMATCH */
export function verifyBytes(bytes: Uint8Array, expected: Expected): Uint8Array {
  if (bytes.length !== expected.size) throw sizeMismatch(expected, bytes.length, "got");
  const digester = createDigester(digestAlgorithm(expected.digest));
  digester.update(bytes);
  verifyDigest(expected, digester.digest());
  return bytes;
}

/**
 * Collects a stream of at most `maxBytes`.
 * @throws OciError OCI_LIMIT_EXCEEDED
 */
export async function collect(stream: ByteStream, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of stream) {
    received += chunk.length;
    if (received > maxBytes) {
      throw new OciError("OCI_LIMIT_EXCEEDED", `content is larger than the ${maxBytes} bytes allowed for it`, {
        details: { limit: maxBytes },
      });
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, received);
}

function verifyDigest(expected: Expected, got: string): void {
  if (got === expected.digest) return;
  throw new OciError(
    "OCI_DIGEST_MISMATCH",
    `content does not match its digest: wanted ${expected.digest}, got ${got}`,
    {
      details: { wanted: expected.digest, got },
    },
  );
}

function sizeMismatch(expected: Expected, received: number, word: string): OciError {
  return new OciError(
    "OCI_SIZE_MISMATCH",
    `${expected.digest} has ${expected.size} bytes, ${word} ${received} received`,
    { details: { digest: expected.digest, wanted: expected.size, got: received } },
  );
}
