import { lstat, rm } from "node:fs/promises";
import { fileCall, writeFileAtomically, type AtomicFileOptions } from "@dtuf/registry/files";

/** As `writeFileAtomically`. A directory in the file's place, which no rename replaces, is removed with what is in it. */
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
