/** Lengths and hashes of files. Hashes of unknown algorithms are kept and ignored, but sha256 or sha512 is required. */
import { crypto } from "@sigstore/core";
import { TufError } from "./errors.ts";
import { asObject, countAt, fieldOf, malformed, objectAt, objectFrom, positiveAt, unrecognizedOf } from "./fields.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";

/** A timestamp's or snapshot's entry for another metadata file. */
export interface MetaFile {
  readonly version: number;
  /** In bytes. */
  readonly length?: number;
  /** Algorithm to lower-case hex. If present, it contains sha256 or sha512. */
  readonly hashes?: ReadonlyMap<string, string>;
  readonly unrecognized: JsonObject;
}

/** A targets role's entry for a target. */
export interface TargetFile {
  /** In bytes. */
  readonly length: number;
  /** Algorithm to lower-case hex. Contains sha256 or sha512. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly custom?: JsonObject;
  /** Fields that TUF does not define. Also a `custom` that is not an object, so that one malformed target does not hide all others. */
  readonly unrecognized: JsonObject;
}

export type HashAlgorithm = "sha256" | "sha512";
export const hashAlgorithms: readonly HashAlgorithm[] = ["sha256", "sha512"];

const metaFields = new Set(["version", "length", "hashes"]);
const targetFields = new Set(["length", "hashes", "custom"]);
const hexForms: ReadonlyMap<string, RegExp> = new Map([
  ["sha256", /^[0-9a-f]{64}$/],
  ["sha512", /^[0-9a-f]{128}$/],
]);

/** @throws TufError TUF_MALFORMED */
export function parseMetaFile(json: Json, where: string): MetaFile {
  const object = asObject(json, where);
  const version = positiveAt(object, "version", where);
  const length = fieldOf(object, "length") === undefined ? undefined : positiveAt(object, "length", where);
  const unrecognized = unrecognizedOf(object, metaFields);
  if (fieldOf(object, "hashes") === undefined) {
    return length === undefined ? { version, unrecognized } : { version, length, unrecognized };
  }
  const hashes = parseHashes(objectAt(object, "hashes", where), where);
  return length === undefined ? { version, hashes, unrecognized } : { version, length, hashes, unrecognized };
}

export function encodeMetaFile(file: MetaFile): JsonObject {
  return {
    ...file.unrecognized,
    ...(file.hashes !== undefined && { hashes: objectFrom(file.hashes, (hex) => hex) }),
    ...(file.length !== undefined && { length: file.length }),
    version: file.version,
  };
}

/** @throws TufError TUF_MALFORMED */
export function parseTargetFile(json: Json, where: string): TargetFile {
  const object = asObject(json, where);
  const length = countAt(object, "length", where);
  const hashes = parseHashes(objectAt(object, "hashes", where), where);
  const unrecognized = unrecognizedOf(object, targetFields);
  const custom = fieldOf(object, "custom");
  if (custom === undefined) return { length, hashes, unrecognized };
  if (isJsonObject(custom)) return { length, hashes, custom, unrecognized };
  return { length, hashes, unrecognized: { ...unrecognized, custom } };
}

export function encodeTargetFile(file: TargetFile): JsonObject {
  return {
    ...file.unrecognized,
    ...(file.custom !== undefined && { custom: file.custom }),
    hashes: objectFrom(file.hashes, (hex) => hex),
    length: file.length,
  };
}

/** @throws TufError TUF_LENGTH_MISMATCH, TUF_HASH_MISMATCH if the file does not match its entry */
export function verifyMetaFile(meta: MetaFile, role: string, file: Uint8Array): void {
  if (meta.length !== undefined && meta.length !== file.length) {
    throw new TufError("TUF_LENGTH_MISMATCH", `${role} metadata is ${file.length} bytes; wanted ${meta.length}`, {
      details: { role, got: file.length, wanted: meta.length },
    });
  }
  for (const algorithm of hashAlgorithms) {
    const wanted = meta.hashes?.get(algorithm);
    if (wanted !== undefined) verifyHash(crypto.digest(algorithm, file), wanted, `${role} metadata`);
  }
}

/** @throws TufError TUF_HASH_MISMATCH */
export function verifyHash(digest: Buffer, wanted: string, what: string): void {
  if (crypto.bufferEqual(digest, Buffer.from(wanted, "hex"))) return;
  const got = digest.toString("hex");
  throw new TufError("TUF_HASH_MISMATCH", `${what} has hash ${got}; wanted ${wanted}`, { details: { got, wanted } });
}

function parseHashes(object: JsonObject, where: string): ReadonlyMap<string, string> {
  const hashes = new Map<string, string>();
  for (const algorithm of Object.keys(object)) {
    const hex = object[algorithm];
    const form = hexForms.get(algorithm);
    if (typeof hex !== "string" || form?.test(hex) === false) {
      throw malformed(
        where,
        `hash ${JSON.stringify(algorithm.slice(0, 40))} is not lower-case hex of the right length`,
      );
    }
    hashes.set(algorithm, hex);
  }
  if (!hashes.has("sha256") && !hashes.has("sha512")) throw malformed(where, "hashes has neither sha256 nor sha512");
  return hashes;
}
