/**
 * All content leaves a store through these functions. A wrong stream always throws before its end: at the first byte too many,
 * at an early end, or if the digest differs.
 */
import { createChunkQueue, type ChunkQueue } from "./chunk-queue.ts";
import { freeing, type ByteStream } from "./content.ts";
import type { Descriptor } from "./oci/descriptor.ts";
import { createDigester, digestAlgorithm, type Digest } from "./oci/digest.ts";
import { OciError } from "./errors.ts";
import { createContentDigester, type ContentDigester, type CreateContentDigester } from "./hashing/content-digester.ts";

type Expected = Pick<Descriptor, "digest" | "size">;

/** @throws OciError OCI_SIZE_MISMATCH, OCI_DIGEST_MISMATCH from the stream */
export function verifying(stream: ByteStream, expected: Expected): ByteStream {
  return verifyingBy(createContentDigester, stream, expected);
}

/** The same with another choice of where content is hashed. */
export function verifyingBy(createHash: CreateContentDigester, stream: ByteStream, expected: Expected): ByteStream {
  const create = (): Promise<ContentDigester> => createHash(digestAlgorithm(expected.digest), expected.size);
  const verified = verifyingRest(stream, expected, { create, received: 0 });
  proven.set(verified, { digest: expected.digest, after: 0 });
  return verified;
}

/**
 * Hashes `prefix`, the beginning of the content; `open` gets its length, opens the rest, and returns undefined if the content does not
 * exist. The stream throws at its end if both together are not the content.
 * @throws OciError OCI_SIZE_MISMATCH if the prefix alone is too long, OCI_HASHING_FAILED; what `prefix` and `open` throw
 */
export async function verifyingAfter(
  prefix: ByteStream,
  expected: Expected,
  open: (prefixBytes: number) => Promise<ByteStream | undefined>,
): Promise<ByteStream | undefined> {
  const digester = await createContentDigester(digestAlgorithm(expected.digest), expected.size);
  let rest: ByteStream | undefined;
  try {
    let received = 0;
    for await (const chunk of freeing(prefix)) {
      received += chunk.length;
      if (received > expected.size) throw sizeMismatch(expected, received, "more");
      await digester.update(chunk);
    }
    rest = await open(received);
    return rest && verifyingFrom(rest, expected, { digester, received });
  } finally {
    if (rest === undefined) digester.release();
  }
}

/** The rest of content whose first `received` bytes already went through `digester`, which the stream releases. */
export function verifyingFrom(
  stream: ByteStream,
  expected: Expected,
  { digester, received }: { readonly digester: ContentDigester; readonly received: number },
): ByteStream {
  const verified = verifyingRest(stream, expected, { create: () => Promise.resolve(digester), received });
  proven.set(verified, { digest: expected.digest, after: received });
  return verified;
}

interface Proof {
  readonly digest: Digest;
  /** Number of bytes that were hashed before the stream. */
  readonly after: number;
}

/** Streams that the functions above made. */
const proven = new WeakMap<ByteStream, Proof>();

/**
 * Returns the digest that a stream is verified against, together with `after` bytes that were hashed before it, if this module made this
 * very stream. A caller that needs that digest verified does not have to hash again.
 */
export function provenDigest(stream: ByteStream, after = 0): Digest | undefined {
  const proof = proven.get(stream);
  return proof?.after === after ? proof.digest : undefined;
}

/** Yields the same chunks and reports the size of each to `onBytes`. What `provenDigest` says of the stream stays true. */
export function counted(stream: ByteStream, onBytes: ((bytes: number) => void) | undefined): ByteStream {
  if (onBytes === undefined) return stream;
  const same = counting(stream, onBytes);
  const proof = proven.get(stream);
  if (proof !== undefined) proven.set(same, proof);
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
  const chunks = createChunkQueue();
  let only: Uint8Array | undefined;
  let received = 0;
  for await (const chunk of stream) {
    received += chunk.length;
    if (received > maxBytes) {
      throw new OciError("OCI_LIMIT_EXCEEDED", `content is larger than the ${maxBytes} bytes allowed for it`, {
        details: { limit: maxBytes },
      });
    }
    only = received === chunk.length ? chunk : undefined;
    chunks.push(chunk);
  }
  return only ?? joined(chunks, received);
}

function joined(chunks: ChunkQueue, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  return bytes;
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
