/**
 * How an archive is made again, byte for byte, from what is in it: a gzip file whose content is deflated by zlib. docs/format.md
 * gives the bytes.
 */
import { encodeNumbers, longNumberMaxBytes, type NumberReader } from "../numbers.ts";
import { invalid, unknown } from "./refusals.ts";

/** zlib's parameters that archives differ in. */
export interface DeflateParameters {
  /** 1 to 9. */
  readonly level: number;
  /** 1 to 9. */
  readonly memLevel: number;
}

export interface ArchiveRecipe extends DeflateParameters {
  /** The header of the new archive, as RFC 1952 has it. */
  readonly header: Uint8Array;
}

const [none, gzip] = [0, 1];
/** The name of a file is in it, and perhaps a comment. */
export const headerMaxBytes = 1024;
export const recipeMaxBytes: number = 4 * longNumberMaxBytes + headerMaxBytes;

export function encodeRecipe(recipe: ArchiveRecipe | undefined): Uint8Array {
  if (recipe === undefined) return encodeNumbers([none]);
  const { level, memLevel, header } = recipe;
  return Buffer.concat([encodeNumbers([gzip, level, memLevel, header.length]), header]);
}

/** @throws DeltaError DELTA_PATCH_INVALID, DELTA_PATCH_VERSION */
export function readRecipe(reader: NumberReader): ArchiveRecipe | undefined {
  const number = reader.number();
  if (number === none) return undefined;
  if (number !== gzip) throw unknown("recipe", number);
  const [level, memLevel, headerLength] = [reader.number(), reader.number(), reader.number()];
  if (!isLevel(level) || !isLevel(memLevel)) throw invalid(`its recipe has levels ${level} and ${memLevel}`);
  if (headerLength > headerMaxBytes) throw invalid(`its recipe has a header of ${headerLength} bytes`, headerLength);
  return { level, memLevel, header: reader.bytes(headerLength) };
}

function isLevel(value: number): boolean {
  return value >= 1 && value <= 9;
}
