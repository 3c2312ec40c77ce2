/**
 * Where each large target was written last, and its signed chunk index if it was fetched: the next version of the target takes
 * from there what both have in common. Only a hint: every byte of such a file is hashed before it is used.
 */
import { createHash } from "node:crypto";
import { readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { DeltaError, indexMaxBytes, parseChunkIndex, type ChunkIndex } from "@dtuf/delta";
import { createDirectory, FileError, fileCall, findFile, isErrno, writeFileAtomically } from "@dtuf/registry/files";
import { keptSeedsMax, keptSeedsMaxBytes } from "../limits.ts";

export interface KeptSeed {
  readonly path: string;
  /** Undefined if it was not kept, or if the file was written since. */
  readonly index: ChunkIndex | undefined;
}

export interface Written {
  /** Path of the target. */
  readonly target: string;
  readonly length: number;
  /** 64 hex digits. */
  readonly sha256: string;
  /** Absolute path of its file. */
  readonly file: string;
  readonly index: Uint8Array | undefined;
}

export interface SeedMemory {
  /** Returns undefined if nothing is known, or if what is kept is damaged. */
  find(target: string): Promise<KeptSeed | undefined>;
  /** The oldest entries go if there are too many. */
  add(written: Written): Promise<void>;
}

/** The first line of an entry; the rest is the index. */
type Head = readonly [file: string, size: number, modified: number, length: number, sha256: string];

const headMaxBytes = 64 * 1024;

export function createSeedMemory(directory: string): SeedMemory {
  const entryOf = (target: string): string => join(directory, createHash("sha256").update(target).digest("hex"));
  return {
    async find(target) {
      try {
        const bytes = await findFile(entryOf(target), { maxBytes: headMaxBytes + indexMaxBytes });
        return bytes && (await readEntry(bytes));
      } catch (error) {
        // What cannot be read saves nothing.
        if (FileError.is(error)) return undefined;
        throw error;
      }
    },
    async add({ target, file, index = new Uint8Array(), length, sha256 }) {
      const { size, mtimeMs } = await fileCall(file, () => stat(file));
      const head: Head = [file, size, mtimeMs, length, sha256];
      await createDirectory(directory, { mode: 0o700 });
      await writeFileAtomically(entryOf(target), Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), index]), {
        mode: 0o600,
      });
      await removeOldest(directory);
    },
  };
}

async function readEntry(bytes: Uint8Array): Promise<KeptSeed | undefined> {
  const end = bytes.indexOf(10);
  const head = parseHead(Buffer.from(bytes.subarray(0, Math.max(0, end))).toString("utf8"));
  if (head === undefined) return undefined;
  const [path, size, modified, length, sha256] = head;
  const found = await stat(path).catch(() => undefined);
  const isSame = found?.size === size && found.mtimeMs === modified;
  return { path, index: isSame ? parseKept(bytes.subarray(end + 1), { length, sha256 }) : undefined };
}

function parseHead(line: string): Head | undefined {
  try {
    const json: unknown = JSON.parse(line);
    if (!Array.isArray(json)) return undefined;
    const [file, size, modified, length, sha256] = json as unknown[];
    if (typeof file !== "string" || typeof sha256 !== "string") return undefined;
    if (typeof size !== "number" || typeof modified !== "number" || typeof length !== "number") return undefined;
    return Number.isSafeInteger(length) ? [file, size, modified, length, sha256] : undefined;
  } catch {
    return undefined;
  }
}

function parseKept(
  bytes: Uint8Array,
  content: { readonly length: number; readonly sha256: string },
): ChunkIndex | undefined {
  try {
    return parseChunkIndex(bytes, content);
  } catch (error) {
    if (DeltaError.is(error)) return undefined;
    throw error;
  }
}

/** By their age: those that were written least recently. */
async function removeOldest(directory: string): Promise<void> {
  const names = await fileCall(directory, () => readdir(directory));
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const found = await stat(path).catch(() => undefined);
      return { path, size: found?.size ?? 0, written: found?.mtimeMs ?? 0 };
    }),
  );
  let sum = 0;
  for (const [at, { path, size }] of entries.toSorted((a, b) => b.written - a.written).entries()) {
    sum += size;
    if (at < keptSeedsMax && sum <= keptSeedsMaxBytes) continue;
    await unlink(path).catch((error: unknown) => {
      if (!isErrno(error, "ENOENT")) throw error;
    });
  }
}
