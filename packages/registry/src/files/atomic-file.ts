/**
 * Files with either the old or the new content after any failure: a file is written under a temporary name in the
 * same directory, fsynced and renamed, and then the directory is fsynced. The temporary file is created exclusively, so
 * nothing is written through a planted symbolic link. A link at the final name is replaced, not followed; a device, a
 * pipe or a socket there is refused.
 */
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, readdir, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { syncDirectory } from "./directory.ts";
import { fileError, isErrno } from "./errors.ts";
import { renameWithRetries } from "./platform.ts";
import { verifyReplaceable } from "./regular-file.ts";

export interface AtomicFileOptions {
  /** Permission bits, reduced by the umask. Default 0644. */
  readonly mode?: number;
  /** "later": the caller calls `syncDirectory` before anything relies on the name. Default "at-commit". */
  readonly directorySync?: "at-commit" | "later";
  /** "none": for content that its reader verifies and can get again; a power cut may damage it. Default "at-commit". */
  readonly contentSync?: "at-commit" | "none";
  /** Called when the bytes are on the disk, right before the rename. If it throws, the file at the final name stays. */
  readonly beforeRename?: () => Promise<void>;
}

/** A file without its final name yet. Call exactly one of `commit` and `abort` at the end. */
export interface AtomicFile {
  /** Path of the temporary file. */
  readonly temporaryPath: string;
  /** @throws FileError; the temporary file is removed then */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Gives the file its final name: the path it was created for, or another one in the same directory. @throws FileError;
   * the temporary file is removed then
   */
  commit(finalPath?: string): Promise<void>;
  /** Removes the temporary file. Does nothing after `commit` or `abort`. */
  abort(): Promise<void>;
}

const temporaryName = /^\.dtuf-tmp-[0-9a-f]{16}$/;

/** @throws FileError FILE_NOT_REGULAR and others */
export async function createAtomicFile(path: string, options: AtomicFileOptions = {}): Promise<AtomicFile> {
  const { mode = 0o644, directorySync = "at-commit", contentSync = "at-commit" } = options;
  await verifyReplaceable(path);
  const temporaryPath = join(dirname(path), `.dtuf-tmp-${randomBytes(8).toString("hex")}`);
  const file = await createExclusively(temporaryPath, mode);
  let ended = false;

  async function abort(): Promise<void> {
    if (ended) return;
    ended = true;
    // The first error is the one to report; the leftover file is swept later.
    await file.close().catch(() => undefined);
    await unlink(temporaryPath).catch(() => undefined);
  }

  async function orAbort(step: () => Promise<void>): Promise<void> {
    if (ended) throw new TypeError(`${path} was committed or aborted already`);
    try {
      await step();
    } catch (error) {
      await abort();
      throw fileError(error, path);
    }
  }

  return {
    temporaryPath,
    abort,
    write: (chunk) => orAbort(() => writeAll(file, chunk)),
    async commit(finalPath = path) {
      await orAbort(async () => {
        if (contentSync === "at-commit") await file.datasync();
        await file.close();
        await options.beforeRename?.();
        await renameWithRetries(temporaryPath, finalPath);
      });
      ended = true;
      if (directorySync === "at-commit") await syncDirectory(dirname(path));
    },
  };
}

async function createExclusively(path: string, mode: number): Promise<FileHandle> {
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  try {
    return await open(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode);
  } catch (error) {
    throw fileError(error, path);
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length;) offset += (await file.write(chunk, offset)).bytesWritten;
}

/** @throws FileError; the file is unchanged then */
export async function writeFileAtomically(
  path: string,
  bytes: Uint8Array | string,
  options: AtomicFileOptions = {},
): Promise<void> {
  const file = await createAtomicFile(path, options);
  await file.write(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
  await file.commit();
}

/**
 * Removes leftovers of killed processes from a directory: temporary files not written to for `olderThanMs`.
 * Succeeds if the directory does not exist.
 * @returns how many were removed
 * @throws FileError
 */
export async function sweepTemporaryFiles(
  directory: string,
  { now, olderThanMs }: { readonly now: () => Date; readonly olderThanMs: number },
): Promise<number> {
  const before = now().getTime() - olderThanMs;
  let removed = 0;
  for (const name of await listTemporaryFiles(directory)) {
    const path = join(directory, name);
    try {
      const stat = await lstat(path);
      if (!stat.isFile() || stat.mtimeMs > before) continue;
      await unlink(path);
      removed++;
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw fileError(error, path);
    }
  }
  return removed;
}

async function listTemporaryFiles(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter(isTemporaryFile);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw fileError(error, directory);
  }
}

/** Whether a path has the form of this module's temporary files. */
export function isTemporaryFile(path: string): boolean {
  return temporaryName.test(basename(path));
}
