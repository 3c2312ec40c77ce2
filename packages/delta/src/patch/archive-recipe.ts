/**
 * How an archive is made again, byte for byte, from what is in it: a gzip file whose content is deflated by zlib. docs/format.md
 * gives the bytes.
 */
import type { IndexedContent } from "../chunk-index.ts";
import { contentBytes, invalid, readContent, unknown, writeContent } from "./table-fields.ts";

/** zlib's parameters that archives differ in. */
export interface DeflateParameters {
  /** 1 to 9. */
  readonly level: number;
  /** 1 to 9. */
  readonly memLevel: number;
}

export interface ArchiveRecipe extends DeflateParameters {
  /** What is in the old archive. */
  readonly from: IndexedContent;
  /** What is in the new archive. */
  readonly to: IndexedContent;
  /** The header of the new archive, as RFC 1952 has it. */
  readonly header: Uint8Array;
}

const gzip = 1;
const fixedBytes = 2 * contentBytes + 4;
/** The name of a file is in it, and perhaps a comment. */
export const headerMaxBytes = 1024;
export const recipeMaxBytes: number = fixedBytes + headerMaxBytes;

export function recipeNumber(recipe: ArchiveRecipe | undefined): number {
  return recipe === undefined ? 0 : gzip;
}

export function encodeRecipe(recipe: ArchiveRecipe | undefined): Uint8Array {
  if (recipe === undefined) return new Uint8Array();
  const { from, to, level, memLevel, header } = recipe;
  const bytes = Buffer.alloc(fixedBytes + header.length);
  writeContent(bytes, 0, from);
  writeContent(bytes, contentBytes, to);
  bytes.writeUInt8(level, 2 * contentBytes);
  bytes.writeUInt8(memLevel, 2 * contentBytes + 1);
  bytes.writeUInt16BE(header.length, 2 * contentBytes + 2);
  bytes.set(header, fixedBytes);
  return bytes;
}

export interface ParsedRecipe {
  readonly archive?: ArchiveRecipe;
  /** Bytes of it. */
  readonly length: number;
}

/** @param bytes begin with the recipe @throws DeltaError DELTA_PATCH_INVALID, DELTA_PATCH_VERSION */
export function parseRecipe(bytes: Buffer, number: number): ParsedRecipe {
  if (number === 0) return { length: 0 };
  if (number !== gzip) throw unknown("recipe", number);
  if (bytes.length < fixedBytes) throw invalid("it ends within the recipe");
  const [level, memLevel] = [bytes.readUInt8(2 * contentBytes), bytes.readUInt8(2 * contentBytes + 1)];
  if (!isLevel(level) || !isLevel(memLevel)) throw invalid(`its recipe has levels ${level} and ${memLevel}`);
  const headerLength = bytes.readUInt16BE(2 * contentBytes + 2);
  const length = fixedBytes + headerLength;
  if (headerLength > headerMaxBytes || length > bytes.length)
    throw invalid(`its recipe has a header of ${headerLength} bytes`, headerLength);
  const contents = { from: readContent(bytes, 0), to: readContent(bytes, contentBytes) };
  return { archive: { ...contents, level, memLevel, header: bytes.subarray(fixedBytes, length) }, length };
}

function isLevel(value: number): boolean {
  return value >= 1 && value <= 9;
}
