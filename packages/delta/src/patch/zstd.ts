/** Single zstd frames, by Node's own zstd. Node before 22.15 has none, and some later versions have none with a prefix. */
import zlib from "node:zlib";
import { DeltaError } from "../errors.ts";

const { constants } = zlib;
/** Frames whose matches may begin in a prefix of 2^24 bytes. */
const windowLog = 24;
/**
 * With the default tables zstd takes up to 130 MiB. Those of `matches` are for content that finds its likes far behind, those of `rare` for
 * a few bytes that are looked up in a whole window.
 */
const tables = {
  matches: { hash: 20, chain: 20 },
  rare: { hash: 21, chain: 20 },
  differences: { hash: 18, chain: 20 },
} as const;

export interface CompressOptions {
  /** Raw content in front of the bytes. */
  readonly prefix?: Uint8Array;
  /** Default: 12. */
  readonly level?: number;
  /** Default: "matches". */
  readonly tables?: keyof typeof tables;
}

/**
 * Runs in this thread: memory that another one frees stays with it, and each of Node's four would keep up to 30 MiB.
 */
export function compress(
  bytes: Uint8Array,
  { prefix, level = 12, tables: kind = "matches" }: CompressOptions,
): Uint8Array {
  const { hash, chain } = tables[kind];
  const params = {
    [constants.ZSTD_c_compressionLevel]: level,
    [constants.ZSTD_c_hashLog]: hash,
    [constants.ZSTD_c_chainLog]: chain,
    ...(prefix === undefined ? {} : { [constants.ZSTD_c_windowLog]: windowLog }),
  };
  return zlib.zstdCompressSync(bytes, { params, pledgedSrcSize: bytes.length, ...withDictionary(prefix) });
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
  if (!isSingleSegment(coded)) throw broken("they are not one zstd frame that says its length");
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const done = (error: Error | null, found: Buffer): void =>
      error === null ? resolve(found) : reject(broken(error.message));
    const params = { [constants.ZSTD_d_windowLogMax]: windowLog };
    // Node wants a limit of 1 or more. One buffer for all of it is not copied once more; if it were full, Node would make a second one.
    const limits = { maxOutputLength: Math.max(1, length), chunkSize: Math.max(1024, length + 1) };
    zlib.zstdDecompress(coded, { params, ...limits, ...withDictionary(prefix) }, done);
  });
  if (bytes.length !== length) throw broken(`they give ${bytes.length} bytes instead of ${length}`);
  return bytes;
}

const magic = Buffer.from("28b52ffd", "hex");
const singleSegment = 32;

/** Whether they begin with a frame that zstd decodes into the output itself; for others it takes 16 MiB more (RFC 8878, section 3.1.1.1.1). */
function isSingleSegment(coded: Uint8Array): boolean {
  return magic.equals(coded.subarray(0, magic.length)) && ((coded[magic.length] ?? 0) & singleSegment) > 0;
}

function broken(what: string): DeltaError {
  return new DeltaError("DELTA_SEGMENT_DIFFERS", `the coded bytes are not those of the signed segment: ${what}`);
}
