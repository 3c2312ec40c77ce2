/** Single zstd frames, by Node's own zstd. Node before 22.15 has none, and some later versions have none with a prefix. */
import zlib from "node:zlib";
import { DeltaError } from "../errors.ts";

const { constants } = zlib;
/** A reader allocates at most 2^24 bytes for the window of a frame. */
const windowLog = 24;
/** The tables are bounded, because the default ones take 130 MiB more. */
const withPrefix = { level: 12, tables: 20 };

/** Raw content in front of the bytes, or a level. */
export interface CompressOptions {
  readonly prefix?: Uint8Array;
  readonly level?: number;
}

export function compress(
  bytes: Uint8Array,
  { prefix, level = withPrefix.level }: CompressOptions,
): Promise<Uint8Array> {
  const params =
    prefix === undefined
      ? { [constants.ZSTD_c_compressionLevel]: level }
      : {
          [constants.ZSTD_c_compressionLevel]: level,
          [constants.ZSTD_c_windowLog]: windowLog,
          [constants.ZSTD_c_hashLog]: withPrefix.tables,
          [constants.ZSTD_c_chainLog]: withPrefix.tables,
        };
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, coded: Uint8Array): void => (error === null ? resolve(coded) : reject(error));
    zlib.zstdCompress(bytes, { params, pledgedSrcSize: bytes.length, ...withDictionary(prefix) }, done);
  });
}

/** zlib refuses an empty one. */
function withDictionary(prefix: Uint8Array | undefined): zlib.ZstdOptions {
  return prefix === undefined || prefix.length === 0 ? {} : { dictionary: prefix };
}

export interface DecompressOptions {
  /** Raw content in front of the bytes. */
  readonly prefix?: Uint8Array | undefined;
  /** Exactly so many bytes. No more are allocated for them. */
  readonly length: number;
}

/** @throws DeltaError DELTA_SEGMENT_DIFFERS, also if this version of Node cannot do it */
export async function decompress(coded: Uint8Array, { prefix, length }: DecompressOptions): Promise<Buffer> {
  if (typeof zlib.zstdDecompress !== "function") throw broken("this version of Node has no zstd");
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const done = (error: Error | null, found: Buffer): void =>
      error === null ? resolve(found) : reject(broken(error.message));
    const params = { [constants.ZSTD_d_windowLogMax]: windowLog };
    // Node wants a limit of 1 or more. One buffer for all of it is not copied once more.
    const limits = { maxOutputLength: Math.max(1, length), chunkSize: Math.max(1024, length) };
    zlib.zstdDecompress(coded, { params, ...limits, ...withDictionary(prefix) }, done);
  });
  if (bytes.length !== length) throw broken(`they give ${bytes.length} bytes instead of ${length}`);
  return bytes;
}

function broken(what: string): DeltaError {
  return new DeltaError("DELTA_SEGMENT_DIFFERS", `the coded bytes are not those of the signed segment: ${what}`);
}
