/**
 * A file that is being downloaded: written next to its destination under a name that a later call finds again, so that an
 * interrupted download continues. The name is a hash of the content's digest and the destination. The final name does not
 * exist before `commit`. A link planted at either name is refused or replaced, never followed.
 */
import { createHash, randomBytes } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { open, realpath, statfs, unlink, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ByteStream } from "@dtuf/registry";
import {
  fileCall,
  fileError,
  isErrno,
  isLinkThatOpenFollows,
  openRegularFile,
  readFrom,
  renameWithRetries,
  verifyReplaceable,
} from "@dtuf/registry/files";
import { CopyError } from "../errors.ts";

export interface PartialFile {
  readonly file: FileHandle;
  readonly path: string;
  /** Number of bytes that an earlier call left. */
  readonly held: number;
  /** Syncs the bytes to disk and renames the file to its destination. The caller syncs the directory. */
  commit(): Promise<void>;
  /** "keep" leaves the bytes for the next call. */
  abort(partial: "keep" | "remove"): Promise<void>;
}

export interface PartialFileOptions {
  readonly destination: string;
  /** Identifies the content. */
  readonly content: string;
  /** "shared": the next call finds it again. "own": for use while another process uses the shared file. */
  readonly name: "shared" | "own";
}

/** @throws FileError FILE_NOT_REGULAR, if a device, a pipe or a socket has the destination's name, and others */
export async function openPartialFile({ destination, content, name }: PartialFileOptions): Promise<PartialFile> {
  await verifyReplaceable(destination);
  const directory = dirname(destination);
  const path = name === "shared" ? partialPath(destination, content) : join(directory, ownName());
  const file = await openOwn(path);
  const { size } = await file.stat().catch(async (error: unknown) => {
    await file.close();
    throw fileError(error, path);
  });
  return {
    file,
    path,
    held: size,
    async commit() {
      await fileCall(destination, async () => {
        await file.datasync();
        await file.close();
        await renameWithRetries(path, destination);
      });
    },
    async abort(partial) {
      const empty = await file.stat().then(
        (stat) => stat.size === 0,
        () => false,
      );
      await file.close().catch(() => undefined);
      if (partial === "remove" || name === "own" || empty) await unlink(path).catch(() => undefined);
    },
  };
}

/** Where the next call finds what this one left. */
export function partialPath(destination: string, content: string): string {
  return hiddenPath(destination, content, "partial");
}

/**
 * The lock of the shared partial file. It stands beside it, so that it is one for all processes that could use the file: with states of
 * their own, from other containers, and by other spellings of the path.
 * @throws FileError
 */
export async function partialLockPath(destination: string, content: string): Promise<string> {
  const directory = await fileCall(destination, () => realpath(dirname(destination)));
  return hiddenPath(join(directory, basename(destination)), content, "lock");
}

function hiddenPath(destination: string, content: string, kind: "partial" | "lock"): string {
  const key = createHash("sha256")
    .update(`${content} ${basename(destination)}`)
    .digest("hex");
  return join(dirname(destination), `.dtuf-${key.slice(0, 32)}.${kind}`);
}

function ownName(): string {
  return `.dtuf-tmp-${randomBytes(8).toString("hex")}`;
}

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/** Opens the file of an earlier call if no other user could have changed it; else replaces it by a new file. */
async function openOwn(path: string): Promise<FileHandle> {
  const found = await findOwn(path, O_RDWR);
  if (found !== undefined) return found;
  await unlink(path).catch(() => undefined);
  return fileCall(path, () => create(path));
}

function create(path: string): Promise<FileHandle> {
  return open(path, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW, 0o666);
}

/** Returns undefined if the file is missing, a link, a pipe, or owned by another user, who could change it later. */
async function findOwn(path: string, access: number): Promise<FileHandle | undefined> {
  let file: FileHandle | undefined;
  try {
    if (await isLinkThatOpenFollows(path)) return undefined;
    file = await open(path, access | O_NOFOLLOW | O_NONBLOCK);
    const stat = await file.stat();
    if (stat.isFile() && stat.nlink === 1 && (await isLikeOwn(stat, path))) return file;
  } catch (error) {
    await file?.close();
    if (isErrno(error, "ENOENT", "ELOOP", "ENXIO", "EACCES")) return undefined;
    throw fileError(error, path);
  }
  await file.close();
  return undefined;
}

/**
 * Opens a file to read it if a new file of this process would be as safe from other users; the caller closes it. Returns
 * undefined if there is none.
 */
export function findOwnFile(path: string): Promise<FileHandle | undefined> {
  return findOwn(path, O_RDONLY);
}

export async function* readRange(path: string, from: number, to: number): ByteStream {
  const opened = from < to ? await openRegularFile(path) : undefined;
  if (opened === undefined) return;
  let left = to - from;
  for await (const chunk of readFrom(opened.file, from, path)) {
    const bytes = chunk.subarray(0, left);
    left -= bytes.length;
    yield bytes;
    if (left <= 0) return;
  }
}

/** Whether it has the owner of files that this process creates beside it, and lets nobody write who may not write those. */
async function isLikeOwn({ uid, mode }: Stats, path: string): Promise<boolean> {
  const probe = await createProbe(dirname(path));
  try {
    const own = await probe.file.stat();
    return uid === own.uid && (mode & ~own.mode & 0o022) === 0;
  } finally {
    await probe.file.close();
    await unlink(probe.path).catch(() => undefined);
  }
}

/** The name is always the same, so that what a killed run left is removed by the next. Processes may remove each other's: they are open. */
async function createProbe(directory: string): Promise<Pick<PartialFile, "file" | "path">> {
  const path = join(directory, `.dtuf-tmp-${"0".repeat(16)}`);
  try {
    await unlink(path).catch(() => undefined);
    return { path, file: await create(path) };
  } catch {
    const other = join(directory, ownName());
    return { path: other, file: await create(other) };
  }
}

/** @throws CopyError COPY_NO_SPACE with the needed and the free bytes, before any byte is fetched */
export async function verifyFreeSpace(directory: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await fileCall(directory, () => statfs(directory));
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  throw new CopyError("COPY_NO_SPACE", `${directory} has ${freeBytes} bytes free; the target needs ${neededBytes}`, {
    details: { directory, neededBytes, freeBytes },
  });
}
