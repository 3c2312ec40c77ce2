/** Writes what an archive has into an empty directory of the agent's own. Links are made after all files, so no file is written through one. */
import { statfs, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ByteStream } from "@dtuf/registry";
import { createAtomicFile, createDirectory, fileCall, FileError } from "@dtuf/registry/files";

export interface UnpackedFiles {
  createDirectory(name: string): Promise<void>;
  /** @param mode of the entry; only whether anybody may run the file is kept */
  writeFile(name: string, content: ByteStream, mode: number): Promise<void>;
  /** Made by `finish`. */
  addLink(name: string, target: string): void;
  /** Before bytes are written. Looks at the disk once for many small files. @throws FileError FILE_NO_SPACE */
  reserve(bytes: number): Promise<void>;
  finish(): Promise<void>;
}

/** So many bytes are written before the free space is looked at again. */
const unseenBytes = 8 * 1024 * 1024;

export function createUnpackedFiles(directory: string): UnpackedFiles {
  const links = new Map<string, string>();
  let unseen = unseenBytes;
  return {
    createDirectory: (name) => createDirectory(join(directory, name)),
    async writeFile(name, content, mode) {
      const path = join(directory, name);
      await createDirectory(dirname(path));
      const file = await createAtomicFile(path, { mode: (mode & 0o111) === 0 ? 0o644 : 0o755 });
      try {
        for await (const chunk of content) await file.write(chunk);
        await file.commit();
      } catch (error) {
        await file.abort();
        throw error;
      }
    },
    addLink: (name, target) => void links.set(name, target),
    async reserve(bytes) {
      unseen += bytes;
      if (unseen < unseenBytes) return;
      await verifyFree(directory, bytes);
      unseen = 0;
    },
    async finish() {
      for (const [name, target] of links) {
        const path = join(directory, name);
        await createDirectory(dirname(path));
        await fileCall(path, () => symlink(target, path));
      }
    },
  };
}

async function verifyFree(path: string, needed: number): Promise<void> {
  const { bavail, bsize } = await fileCall(path, () => statfs(path));
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new FileError("FILE_NO_SPACE", `${path} has ${free} bytes free; the archive needs ${needed}`, {
    details: { path, needed, free },
  });
}
