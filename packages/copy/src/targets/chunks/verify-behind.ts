/**
 * Hashes a whole target while its chunks are still arriving: the bytes before the first gap are read from the file again. So the end of the
 * last chunk is soon followed by the verdict about all of them.
 */
import { blobDigest } from "@dtuf/format";
import { verifying, type ByteStream } from "@dtuf/registry";
import { fileCall, FileError } from "@dtuf/registry/files";
import { verifyingTarget } from "../fetch-part.ts";
import type { PartialFile } from "../partial-file.ts";
import type { TargetInfo } from "../../sources/source.ts";
import type { PresentChunks } from "./present-chunks.ts";

export interface Behind {
  readonly target: TargetInfo;
  readonly partial: PartialFile;
  readonly present: PresentChunks;
}

const readBytes = 256 * 1024;

/** @throws OciError, TufError if the file is not the target, also if no more chunks come before it is complete; FileError */
export async function verifyBehind({ target, partial, present }: Behind): Promise<void> {
  const { length, hashes } = target;
  const whole = readBehind(partial, present, length);
  const digest = blobDigest(hashes);
  // The registry's verification uses a second thread if that is faster.
  const stream = hashes.size === 1 ? verifying(whole, { digest, size: length }) : whole;
  for await (const _ of verifyingTarget(stream, target, {}));
}

/** Yields the same memory each time. */
async function* readBehind({ file, path }: PartialFile, present: PresentChunks, length: number): ByteStream {
  const memory = Buffer.alloc(readBytes);
  for (let position = 0; position < length;) {
    const end = await present.beginningBeyond(position);
    if (end === undefined) return;
    while (position < end) {
      const most = Math.min(readBytes, end - position);
      const { bytesRead } = await fileCall(path, () => file.read(memory, 0, most, position));
      if (bytesRead === 0)
        throw new FileError("FILE_CHANGED", `${path} was cut while it was written`, { details: { path } });
      position += bytesRead;
      yield memory.subarray(0, bytesRead);
    }
  }
}
