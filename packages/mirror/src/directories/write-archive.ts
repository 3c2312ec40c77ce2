/**
 * Writes a layout as an OCI archive: the same layout gives the same bytes, and the file gets its name when it is
 * complete.
 */
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { isDigest, type ByteStream } from "@dtuf/registry";
import { createAtomicFile, fileError, isErrno, readRegularFile } from "@dtuf/registry/files";
import type { Pack } from "tar-stream";

const common = { mtime: new Date(0), uid: 0, gid: 0, uname: "", gname: "" };

interface PackOptions {
  readonly signal?: AbortSignal | undefined;
}

/** @throws FileError; the signal's reason */
export async function writeArchive(directory: string, archive: string, options: PackOptions = {}): Promise<void> {
  const file = await createAtomicFile(archive);
  try {
    for await (const chunk of packArchive(directory, options)) await file.write(chunk);
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** Yields the bytes of the archive. @throws FileError; the signal's reason */
export async function* packArchive(directory: string, { signal }: PackOptions = {}): ByteStream {
  const { pack } = await import("tar-stream");
  const tar = pack();
  // The loop below, which reads from `tar`, throws the error.
  const filling = fill(tar, directory, signal).catch((error: unknown) => tar.destroy(error as Error));
  for await (const chunk of tar as unknown as ByteStream) {
    signal?.throwIfAborted();
    yield chunk;
  }
  await filling;
}

async function fill(tar: Pack, directory: string, signal: AbortSignal | undefined): Promise<void> {
  for (const name of ["oci-layout", "index.json"]) await add(tar, directory, { name, signal });
  tar.entry({ ...common, name: "blobs/", type: "directory", mode: 0o755 });
  for (const algorithm of ["sha256", "sha512"]) {
    const names = (await namesIn(join(directory, "blobs", algorithm))).filter((hex) => isDigest(`${algorithm}:${hex}`));
    if (names.length === 0) continue;
    tar.entry({ ...common, name: `blobs/${algorithm}/`, type: "directory", mode: 0o755 });
    for (const hex of names.toSorted()) await add(tar, directory, { name: `blobs/${algorithm}/${hex}`, signal });
  }
  tar.finalize();
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw fileError(error, directory);
  }
}

async function add(
  tar: Pack,
  directory: string,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal | undefined },
): Promise<void> {
  const path = join(directory, name);
  const { size } = await lstat(path);
  const entry = tar.entry({ ...common, name, size, type: "file", mode: 0o644 });
  await pipeline(readRegularFile(path, { signal }), entry);
}
