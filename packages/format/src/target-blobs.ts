/**
 * The blobs of a target. One blob, whose digest is the target's own sha256, unless the signed
 * `custom.dtuf.blobs` lists several, in order, whose concatenation is the target.
 */
import { isDigest, type Descriptor } from "@dtuf/registry";
import type { Json, JsonObject, TargetFile } from "@dtuf/tuf";
import { FormatError } from "./errors.ts";
import { blobDigest } from "./hashes.ts";
import { indexMediaType, targetMediaType } from "./media-types.ts";
import { objectField, ownFields, withOwn } from "./custom/own-fields.ts";
import { findTargetPatches } from "./custom/target-patches.ts";

/** A target with more blobs cannot have a manifest below 4 MiB. */
export const targetBlobsMax = 10_000;

/**
 * Returns the target's blobs in order; none for a target of length 0, which is never fetched. Returns undefined if the target
 * has no sha256 and no list, so it is not content of an OCI repository.
 * @throws FormatError FORMAT_TARGET_BLOBS_INVALID if the signed list is malformed or its sizes do not add up to the length
 */
export function findTargetBlobs(file: TargetFile): readonly Descriptor[] | undefined {
  if (file.length === 0) return [];
  const listed = signedList(file.custom);
  if (listed !== undefined) return parseList(listed, file.length);
  return file.hashes.has("sha256") ? [blob(blobDigest(file.hashes), file.length)] : undefined;
}

/**
 * The signed chunk index of a target, or undefined if `custom.dtuf.index` names no blob. A malformed one is ignored, because the
 * target can be read without it.
 */
export function findTargetIndex({ custom, length }: TargetFile): Descriptor | undefined {
  const { digest, size } = objectField(ownFields(custom), "index") ?? {};
  if (typeof digest !== "string" || !isDigest(digest) || typeof size !== "number") return undefined;
  if (!Number.isSafeInteger(size) || size < 1 || length === 0) return undefined;
  return { mediaType: indexMediaType, digest, size };
}

/** What serves the reading of a target, but is no part of its content: its chunk index and its patches. */
export function findCompanionBlobs(file: TargetFile): readonly Descriptor[] {
  const index = findTargetIndex(file);
  return [...(index === undefined ? [] : [index]), ...findTargetPatches(file).map(({ blob: patch }) => patch)];
}

/** The blobs of a target and its companions: everything that a repository stores for it. @throws as `findTargetBlobs` */
export function findStoredBlobs(file: TargetFile): readonly Descriptor[] | undefined {
  const blobs = findTargetBlobs(file);
  return blobs && [...blobs, ...findCompanionBlobs(file)];
}

/** Returns `custom` with the list of blobs; other fields, also those of dtuf, are kept. */
export function withTargetBlobs(custom: JsonObject | undefined, blobs: readonly Descriptor[]): JsonObject {
  return withOwn(custom, { blobs: blobs.map(({ digest, size }) => ({ digest, size })) });
}

/** Returns `custom` with the name of the chunk index; other fields, also those of dtuf, are kept. */
export function withTargetIndex(custom: JsonObject | undefined, { digest, size }: Descriptor): JsonObject {
  return withOwn(custom, { index: { digest, size } });
}

/** The target as a repository stores it that does not have the companions, because their bytes were not at the source. */
export function withoutCompanions(file: TargetFile): TargetFile {
  if (findCompanionBlobs(file).length === 0) return file;
  return { ...file, custom: withOwn(file.custom, { index: null, patches: null }) };
}

function signedList(custom: JsonObject | undefined): Json | undefined {
  const own = ownFields(custom);
  return own !== undefined && Object.hasOwn(own, "blobs") ? own["blobs"] : undefined;
}

function parseList(list: Json, length: number): readonly Descriptor[] {
  if (!Array.isArray(list) || list.length === 0 || list.length > targetBlobsMax) {
    throw invalid(`wanted a list of 1 to ${targetBlobsMax} blobs`);
  }
  const blobs = list.map((entry: Json) => {
    const { digest, size } = (entry ?? {}) as JsonObject;
    return blob(digest, size);
  });
  const total = blobs.reduce((sum, { size }) => sum + size, 0);
  if (total !== length) throw invalid(`the blobs have ${total} bytes, the target ${length}`);
  return blobs;
}

function blob(digest: Json | undefined, size: Json | undefined): Descriptor {
  if (typeof digest !== "string" || !isDigest(digest)) throw invalid(`not a digest: ${JSON.stringify(digest)}`);
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1) {
    throw invalid(`not a blob's size: ${JSON.stringify(size)}`);
  }
  return { mediaType: targetMediaType, digest, size };
}

function invalid(what: string): FormatError {
  return new FormatError("FORMAT_TARGET_BLOBS_INVALID", `custom.dtuf.blobs: ${what}`);
}
