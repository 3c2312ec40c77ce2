import { FileError, readFileIdentity, verifyUnchanged, type FileIdentity } from "@dtuf/registry/files";
import { targetBlobsMax } from "@dtuf/format";
import { MasterError } from "../errors.ts";
import { partMaxBytes } from "../limits.ts";
import type { TargetPart } from "../contract/targets.ts";

export interface SplitParts {
  readonly parts: readonly TargetPart[];
  /** To be called when all parts were read: those of one file have to be of one state of it. @throws FileError FILE_CHANGED */
  verify(): Promise<void>;
}

/**
 * A file that is larger than a blob should be, as several parts, in order; other parts as they are.
 * @throws TypeError if `partBytes` is no size; MasterError MASTER_PART_INVALID if these are too many; FileError
 */
export async function splitLarge(parts: readonly TargetPart[], partBytes: number = partMaxBytes): Promise<SplitParts> {
  if (!Number.isSafeInteger(partBytes) || partBytes < 1) throw new TypeError(`a part cannot have ${partBytes} bytes`);
  const files: FileIdentity[] = [];
  const split = await Promise.all(
    parts.map(async (part) => {
      if (part.kind !== "file" || part.range !== undefined) return [part];
      const file = await findIdentity(part.path);
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

type FilePart = Extract<TargetPart, { kind: "file" }>;

function tooMany({ path }: FilePart, count: number): MasterError {
  const message = `${path} would be ${count} parts, and clients take at most ${targetBlobsMax}: larger parts are fewer`;
  return new MasterError("MASTER_PART_INVALID", message, { details: { path } });
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

function cut(part: FilePart, size: number, partBytes: number): readonly TargetPart[] {
  const count = Math.ceil(size / partBytes);
  if (count > targetBlobsMax) throw tooMany(part, count);
  return Array.from({ length: count }, (_, number) => {
    const from = number * partBytes;
    return { ...part, range: { from, to: Math.min(size, from + partBytes) } };
  });
}
