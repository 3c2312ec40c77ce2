import { FileError, readFileIdentity, verifyUnchanged, type FileIdentity } from "@dtuf/registry/files";
import { partMaxBytes } from "../limits.ts";
import type { TargetPart } from "../target-contract.ts";

export interface SplitParts {
  readonly parts: readonly TargetPart[];
  /** To be called when all parts were read: those of one file have to be of one state of it. @throws FileError FILE_CHANGED */
  verify(): Promise<void>;
}

/**
 * A file that is larger than a blob should be, as several parts, in order; other parts as they are.
 * @throws TypeError if `partBytes` is no size; FileError
 */
export async function splitLarge(parts: readonly TargetPart[], partBytes: number = partMaxBytes): Promise<SplitParts> {
  if (!Number.isSafeInteger(partBytes) || partBytes < 1) throw new TypeError(`a part cannot have ${partBytes} bytes`);
  const files: FileIdentity[] = [];
  const split = await Promise.all(
    parts.map(async (part) => {
      const file = part.kind === "file" && part.range === undefined ? await findIdentity(part.path) : undefined;
      if (file === undefined || file.size <= partBytes) return [part];
      files.push(file);
      return cut(part, file.size, partBytes);
    }),
  );
  return {
    parts: split.flat(),
    async verify() {
      for (const file of files) await verifyUnchanged(file);
    },
  };
}

/** Undefined for a file that is missing or no file: that is reported when it is read. */
async function findIdentity(path: string): Promise<FileIdentity | undefined> {
  try {
    return await readFileIdentity(path);
  } catch (error) {
    if (FileError.is(error)) return undefined;
    throw error;
  }
}

function cut(part: TargetPart, size: number, partBytes: number): readonly TargetPart[] {
  return Array.from({ length: Math.ceil(size / partBytes) }, (_, number) => {
    const from = number * partBytes;
    return { ...part, range: { from, to: Math.min(size, from + partBytes) } };
  });
}
