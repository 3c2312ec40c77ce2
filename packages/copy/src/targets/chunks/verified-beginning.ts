/** What is right of a download that turned out to be wrong, by the signed chunk index. */
import { DeltaError, verifyingChunks } from "@dtuf/delta";
import type { ByteStream } from "@dtuf/registry";
import { fileCall } from "@dtuf/registry/files";
import type { FetchTargetContext } from "../fetch-part.ts";
import { findIndex } from "./find-index.ts";
import type { PartialFile } from "../partial-file.ts";
import type { TargetInfo } from "../../sources/source.ts";

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
  let right = 0;
  try {
    if (index !== undefined) for await (const chunk of verifyingChunks(bytes, index)) right += chunk.length;
  } catch (error) {
    if (!DeltaError.is(error)) throw error;
  }
  await fileCall(path, () => file.truncate(right));
  return right;
}
