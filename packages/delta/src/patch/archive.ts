/** Opens gzip archives, and makes them again from what is in them. */
import zlib from "node:zlib";
import { DeltaError } from "../errors.ts";
import { headerMaxBytes, type ArchiveRecipe } from "./table/archive-recipe.ts";

export type Bytes = AsyncIterable<Uint8Array>;

/**
 * What is in a gzip archive.
 * @throws DeltaError DELTA_ARCHIVE_DIFFERS if it is damaged, or has more than `maxBytes`, before more of them are returned
 */
export async function* openGzip(archive: Bytes, maxBytes: number): AsyncGenerator<Uint8Array, void> {
  let length = 0;
  for await (const bytes of through(archive, zlib.createGunzip())) {
    length += bytes.length;
    if (length > maxBytes) throw differs(`more than ${maxBytes} bytes are in it`);
    yield bytes;
  }
}

/** The bytes of the new archive, if this version of zlib deflates as the one did that made it. They are not verified here. */
export async function* createGzip(content: Bytes, recipe: Omit<ArchiveRecipe, "from" | "to">): Bytes {
  const { level, memLevel, header } = recipe;
  yield header;
  let [checksum, length] = [0, 0];
  async function* observed(): Bytes {
    for await (const bytes of content) {
      checksum = zlib.crc32(bytes, checksum);
      length += bytes.length;
      yield bytes;
    }
  }
  yield* through(observed(), zlib.createDeflateRaw({ level, memLevel }));
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  yield trailer;
}

/** The header of a gzip archive that begins with these bytes; undefined if they are another kind of file, or if it is longer than a recipe holds. */
export function findGzipHeader(bytes: Uint8Array): Uint8Array | undefined {
  const [first, second, method, flags = 0] = bytes;
  if (first !== 0x1f || second !== 0x8b || method !== 8 || flags > 31) return undefined;
  const [hasText, hasSum, hasExtra] = [flags & 8, flags & 2, flags & 4];
  let end = 10;
  if (hasExtra > 0) end += 2 + (bytes[end] ?? 0) + 256 * (bytes[end + 1] ?? 0);
  for (const text of [hasText, flags & 16]) {
    if (text === 0) continue;
    const zero = bytes.indexOf(0, end);
    if (zero < 0) return undefined;
    end = zero + 1;
  }
  if (hasSum > 0) end += 2;
  return end <= Math.min(bytes.length, headerMaxBytes) ? bytes.slice(0, end) : undefined;
}

/** Bytes wait in neither direction, and a reader that ends early ends both. */
async function* through(from: Bytes, transform: zlib.Gunzip | zlib.DeflateRaw): Bytes {
  const over = new AbortController();
  const feeding = feed(from, transform, over.signal).catch((error: unknown) => {
    transform.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const bytes of transform) yield bytes as Uint8Array;
  } catch (error) {
    throw isZlib(error) ? differs(error.message) : error;
  } finally {
    over.abort();
    transform.destroy();
    await feeding;
  }
}

async function feed(from: Bytes, to: zlib.Gunzip | zlib.DeflateRaw, signal: AbortSignal): Promise<void> {
  for await (const bytes of from) {
    if (signal.aborted) return;
    if (!to.write(bytes)) await drained(to, signal);
  }
  to.end();
}

function drained(to: zlib.Gunzip | zlib.DeflateRaw, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      to.off("drain", done).off("close", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    to.on("drain", done).on("close", done);
    signal.addEventListener("abort", done);
  });
}

function isZlib(error: unknown): error is Error {
  return error instanceof Error && "code" in error && /^(?:Z_|ERR_|ABORT)/.test(String(error.code));
}

function differs(what: string): DeltaError {
  return new DeltaError("DELTA_ARCHIVE_DIFFERS", `the archive is not the one that was signed: ${what}`);
}
