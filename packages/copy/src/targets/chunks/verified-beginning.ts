/** What is right of a download that was interrupted or turned out to be wrong, by the signed chunk index. */
import { DeltaError, verifyingChunks, type ChunkIndex } from "@dtuf/delta";
import type { ByteStream } from "@dtuf/registry";
import { fileCall } from "@dtuf/registry/files";
import type { FetchTargetContext } from "../fetch-part.ts";
import { findIndex } from "./find-index.ts";
import type { PartialFile } from "../partial-file.ts";
import type { TargetInfo } from "../../sources/source.ts";

export interface VerifiedBeginning {
  readonly chunks: number;
  readonly bytes: number;
}

/** The chunks before the first one that is wrong or incomplete. */
export async function findVerified(bytes: ByteStream, index: ChunkIndex): Promise<VerifiedBeginning> {
  const right = { chunks: 0, bytes: 0 };
  try {
    for await (const { length } of verifyingChunks(bytes, index)) {
      right.chunks += 1;
      right.bytes += length;
    }
  } catch (error) {
    if (!DeltaError.is(error)) throw error;
  }
  return right;
}

/**
 * Cuts the file behind its last chunk before the first wrong one, so that only the rest is fetched again. Returns its new
 * length: 0 if the target has no usable index.
 */
export async function keepVerified(
  { path, file }: PartialFile,
  { target, bytes }: { readonly target: TargetInfo; readonly bytes: ByteStream },
  context: FetchTargetContext,
): Promise<number> {
  const index = await findIndex(target, context);
  const right = index === undefined ? 0 : (await findVerified(bytes, index)).bytes;
  await fileCall(path, () => file.truncate(right));
  return right;
}
