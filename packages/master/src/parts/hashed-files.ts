/**
 * The digests of large files that were read before, `hashed-files.json` in the state directory, so that an unchanged file is
 * not read again. A file is the same if device, inode, size, mtime and ctime are. That is a saving, not proof: it holds as far
 * as the system tells when files change. A wrong digest harms nobody else: the digest that is signed is the one
 * under which the registry has content, and content that is sent is verified by it. So the worst is that an
 * older content of the file is signed again. A record that is lost or damaged counts as empty.
 */
import { join } from "node:path";
import { isDigest, type Digest } from "@dtuf/registry";
import { createDirectory, FileError, findFile, writeFileAtomically, type FileIdentity } from "@dtuf/registry/files";
import { hashedFilesMax, hashedFilesMaxBytes } from "../limits.ts";

export interface HashedFiles {
  find(file: FileIdentity): Digest | undefined;
  /** Also writes the record, because a push may be killed. A file that changed a moment ago is left out. */
  add(file: FileIdentity, digest: Digest): Promise<void>;
  forget(file: FileIdentity): void;
}

/** @param now an instant before the files are read */
export async function openHashedFiles(directory: string, now: Date): Promise<HashedFiles> {
  const path = join(directory, "hashed-files.json");
  const known = await readRecord(path);
  let writing: Promise<void> = Promise.resolve();
  return {
    find: ({ key }) => known.get(key),
    async add(file, digest) {
      // A later change could leave the same times.
      if (now.getTime() - file.changed.getTime() < file.resolutionMs) return;
      const place = placeOf(file.key);
      for (const key of known.keys()) if (placeOf(key) === place) known.delete(key);
      known.set(file.key, digest);
      for (const key of known.keys()) if (known.size > hashedFilesMax) known.delete(key);
      writing = writing.then(() => writeRecord(directory, path, known));
      await writing;
    },
    forget: ({ key }) => void known.delete(key),
  };
}

/** Device and inode. */
function placeOf(key: string): string {
  return key.split(":", 2).join(":");
}

async function readRecord(path: string): Promise<Map<string, Digest>> {
  const known = new Map<string, Digest>();
  try {
    const bytes = await findFile(path, { maxBytes: hashedFilesMaxBytes });
    const record: unknown = bytes === undefined ? {} : JSON.parse(bytes.toString("utf8"));
    for (const [key, digest] of Object.entries(record ?? {})) {
      if (/^\d+(?::\d+){4}$/.test(key) && typeof digest === "string" && isDigest(digest)) known.set(key, digest);
    }
  } catch (error) {
    if (!FileError.is(error) && !(error instanceof SyntaxError)) throw error;
  }
  return known;
}

async function writeRecord(directory: string, path: string, known: ReadonlyMap<string, Digest>): Promise<void> {
  try {
    await createDirectory(directory, { mode: 0o700 });
    await writeFileAtomically(path, JSON.stringify(Object.fromEntries(known)), { mode: 0o600, contentSync: "none" });
  } catch (error) {
    // Files are read again next time.
    if (!FileError.is(error)) throw error;
  }
}
