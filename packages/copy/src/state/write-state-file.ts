import { lstat, rm } from "node:fs/promises";
import { fileCall, writeFileAtomically, type AtomicFileOptions } from "@dtuf/registry/files";

/**
 * Like `writeFileAtomically`, but if a directory has the name of the file, it is removed with its content, because a
 * rename cannot replace it.
 */
export async function writeStateFile(
  path: string,
  bytes: Uint8Array | string,
  options: AtomicFileOptions,
): Promise<void> {
  try {
    await writeFileAtomically(path, bytes, options);
  } catch (error) {
    const found = await lstat(path).catch(() => undefined);
    if (found?.isDirectory() !== true) throw error;
    await fileCall(path, () => rm(path, { recursive: true, force: true }));
    await writeFileAtomically(path, bytes, options);
  }
}
