/**
 * The bytes of a tar, compressed or not: gzip and zstd are recognized by their first bytes. Unpacking streams in bounded
 * memory, and content that unpacks to far more bytes than it has is refused.
 */
import { pipeline, type Duplex } from "node:stream";
import { constants, createGunzip, createZstdDecompress } from "node:zlib";
import { resumed, type ByteStream } from "@dtuf/registry";
import { archiveInvalid } from "../errors.ts";
import { unpackedFreeBytes, unpackedRatioMax, zstdWindowLogMax } from "../limits.ts";

type Unpacker = () => Duplex & { readonly bytesWritten: number };

const gunzip: Unpacker = () => createGunzip();
const unzstd: Unpacker = () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } });

/** Unpackers by the first bytes in hex; a name instead of a function is a compression that is not supported. */
const unpackers: readonly (readonly [first: RegExp, unpacker: Unpacker | string])[] = [
  [/^1f8b/, gunzip],
  [/^28b52ffd/, unzstd],
  [/^5[0-9a-f]2a4d18/, "pzstd"],
  [/^425a68/, "bzip2"],
  [/^fd377a58/, "xz"],
];

/**
 * @param archive name in errors
 * @throws MirrorError MIRROR_ARCHIVE_INVALID; errors of `packed`
 */
export async function* unpackArchive(archive: string, packed: ByteStream): ByteStream {
  const source = packed[Symbol.asyncIterator]();
  const first = await source.next();
  const start = first.done === true ? new Uint8Array() : first.value;
  const bytes = resumed(start, source);
  const hex = Buffer.from(start.subarray(0, 4)).toString("hex");
  const [, unpacker] = unpackers.find(([pattern]) => pattern.test(hex)) ?? [];
  if (typeof unpacker === "string") {
    await source.return?.();
    throw archiveInvalid(
      archive,
      `it is compressed with ${unpacker}: unpack it first (gzip and zstd are read directly)`,
    );
  }
  yield* unpacker === undefined ? bytes : unpacked(archive, bytes, unpacker());
}

async function* unpacked(archive: string, packed: ByteStream, unpacker: ReturnType<Unpacker>): ByteStream {
  let [sourceFault, received, given]: [unknown, number, number] = [undefined, 0, 0];
  const counted = async function* (): ByteStream {
    try {
      for await (const chunk of packed) {
        received += chunk.length;
        yield chunk;
      }
    } catch (error) {
      sourceFault = error;
      throw error;
    }
  };
  // Errors are thrown by the loop below, which reads from `unpacker`.
  pipeline(counted, unpacker, () => undefined);
  try {
    for await (const chunk of unpacker as AsyncIterable<Uint8Array>) {
      given += chunk.length;
      if (given > unpackedFreeBytes && given > received * unpackedRatioMax) {
        throw archiveInvalid(archive, `${received} of its bytes unpack to more than ${unpackedRatioMax} times as many`);
      }
      yield chunk;
    }
  } catch (error) {
    if (sourceFault !== undefined) throw sourceFault;
    const isUnpackers = error instanceof Error && "code" in error && /^Z_|^ZSTD_|^ERR_/.test(String(error.code));
    throw isUnpackers ? archiveInvalid(archive, `it cannot be unpacked: ${error.message}`, error) : error;
  }
  // Node's zstd ends with the first frame; gzip continues with the next member.
  if (unpacker.bytesWritten < received) {
    throw archiveInvalid(archive, "its compressed content has a second part: unpack it first");
  }
}
