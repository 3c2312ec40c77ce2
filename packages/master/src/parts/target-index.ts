/** The chunk index of a target: made at the one reading of its parts, or known from a target of the same content. */
import { chooseAverage, createIndexMaker, indexedMinBytes, isAverage, type IndexMaker } from "@dtuf/delta";
import { blobDigest, findTargetIndex, indexMediaType } from "@dtuf/format";
import { digestHex, digestOf, openContent, type Descriptor, type Digest } from "@dtuf/registry";
import { FileError, findFileSize } from "@dtuf/registry/files";
import type { TargetFile } from "@dtuf/tuf";
import type { IndexOptions, TargetPart } from "../contract/targets.ts";
import type { Blob } from "./read-part.ts";

/** Chunk indexes of signed and staged targets, by the digest of the whole target. */
export type KnownIndexes = ReadonlyMap<Digest, Descriptor>;

export function indexesOf(files: Iterable<TargetFile>): KnownIndexes {
  const known = new Map<Digest, Descriptor>();
  for (const file of files) {
    const index = findTargetIndex(file);
    if (file.hashes.has("sha256") && index !== undefined) known.set(blobDigest(file.hashes), index);
  }
  return known;
}

export interface TargetIndexMaker {
  readonly observer: Pick<IndexMaker, "update">;
  /** Whether the index of a target of this digest is known, so that its bytes need not be read. */
  isKnown(digest: Digest): Promise<boolean>;
  /** Returns undefined if the target is smaller than 1 MiB or has too many chunks. */
  finish(whole: Pick<Descriptor, "digest" | "size">): Blob | undefined;
}

/** Returns undefined if the target gets no index. @throws TypeError for a size that chunks cannot have */
export async function createTargetIndexMaker(
  parts: readonly TargetPart[],
  { index = "make", chunkBytes }: IndexOptions,
  { known, has }: { readonly known: KnownIndexes; readonly has: (index: Descriptor) => Promise<boolean> },
): Promise<TargetIndexMaker | undefined> {
  verifyChunkBytes(chunkBytes);
  const length = await findLength(parts);
  if (index === "none" || (length !== undefined && length < indexedMinBytes)) return undefined;
  const maker = createIndexMaker({ average: chunkBytes ?? chooseAverage(length ?? 0), hashedBy: "caller" });
  let read = 0;
  return {
    observer: {
      update(bytes) {
        read += bytes.length;
        maker.update(bytes);
      },
    },
    async isKnown(digest) {
      const descriptor = known.get(digest);
      // A known index may have chunks of another size.
      return descriptor !== undefined && chunkBytes === undefined && has(descriptor);
    },
    finish({ digest, size }) {
      if (size < indexedMinBytes) return undefined;
      const descriptor = read === 0 ? known.get(digest) : undefined;
      if (descriptor !== undefined) return { descriptor, item, upload: "due" };
      const bytes = maker.finish(digestHex(digest));
      return bytes && { ...describe(bytes), item, upload: "due" };
    },
  };
}

/** @throws TypeError */
export function verifyChunkBytes(chunkBytes: number | undefined): void {
  if (chunkBytes !== undefined && !isAverage(chunkBytes)) throw new TypeError(`chunks cannot have ${chunkBytes} bytes`);
}

const item = "chunk index";

function describe(bytes: Uint8Array): Pick<Blob, "descriptor" | "content"> {
  return {
    descriptor: { mediaType: indexMediaType, digest: digestOf(bytes), size: bytes.length },
    content: { open: (offset) => openContent(bytes, offset) },
  };
}

/** The length of parts that are files. With other parts it is not known before they are read. */
export async function findLength(parts: readonly TargetPart[]): Promise<number | undefined> {
  let sum = 0;
  try {
    for (const part of parts) {
      if (part.kind !== "file") return undefined;
      sum += part.range
        ? part.range.to - part.range.from
        : ((await findFileSize(part.path, { followLinks: true })) ?? 0);
    }
    return sum;
  } catch (error) {
    // Reading the part reports it.
    if (FileError.is(error)) return undefined;
    throw error;
  }
}
