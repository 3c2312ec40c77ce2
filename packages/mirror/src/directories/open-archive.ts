/**
 * Archives as sources and destinations. Both are used as a layout: a source is unpacked into a temporary directory; a
 * destination is written to a directory next to the file, which becomes the file when it is complete. After an interrupted
 * run, the next run continues with that directory.
 */
import { lstat, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { OciError } from "@dtuf/registry";
import { fileError, findRegularFile, renameWithRetries, withLock, type LockOptions } from "@dtuf/registry/files";
import { createLayoutStore } from "@dtuf/registry/layout";
import { readArchive, type ArchiveOptions } from "./read-archive.ts";
import { writeArchive } from "./write-archive.ts";

/**
 * Unpacks the layout of an archive below `directory` and returns its path. The caller removes `directory`.
 * @throws as `readArchive`
 */
export async function openArchive(archive: string, directory: string, options: ArchiveOptions = {}): Promise<string> {
  const layout = join(
    directory,
    basename(archive)
      .replace(/\.(?:t?gz|t?zst)$/, "")
      .replace(/\.(?:tar|oci)$/, ""),
  );
  await readArchive(options.content === undefined ? resolve(archive) : archive, layout, options);
  return layout;
}

export interface GrowingArchive {
  /** The layout to write to. */
  readonly directory: string;
  /** Packs the layout into the archive and removes the layout. */
  commit(options?: Pick<ArchiveOptions, "signal">): Promise<void>;
  /** Lets other writers in. To be called at the end, with or without `commit`; a second call does nothing. */
  release(): Promise<void>;
}

export interface GrowOptions extends Pick<ArchiveOptions, "signal">, Pick<LockOptions, "onWait"> {
  /** If the archive exists, "add" (default) keeps its images; "replace" drops them, but reuses their blobs. */
  readonly existing?: "add" | "replace" | undefined;
}

/**
 * Opens an archive to write to. The content of an existing archive is unpacked first and not sent again. One writer at a time: it
 * waits until another one, in this process or another, has released the archive.
 * @throws as `readArchive`; FileError FILE_LOCKED after two minutes
 */
export async function growArchive(archive: string, options: GrowOptions = {}): Promise<GrowingArchive> {
  const file = resolve(archive);
  const directory = hidden(file, "partial");
  const release = await takeTurn(file, options);
  try {
    const begun = (await findRegularFile(join(directory, "oci-layout"))) !== undefined;
    if (!begun && (await findRegularFile(file)) !== undefined) await takeOver(file, directory, options);
    if (options.existing === "replace")
      for (const name of ["oci-layout", "index.json"]) await remove(join(directory, name));
  } catch (error) {
    await release();
    throw error;
  }
  return {
    directory,
    async commit({ signal } = {}) {
      await dropUnused(directory, signal);
      await writeArchive(directory, file, { signal });
      await remove(directory);
    },
    release,
  };
}

function hidden(file: string, kind: "partial" | "lock"): string {
  return join(dirname(file), `.${basename(file)}.dtuf-${kind}`);
}

/** Returns what ends the turn. @throws FileError */
async function takeTurn(file: string, { signal, onWait }: GrowOptions): Promise<() => Promise<void>> {
  const [begun, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const turn = withLock(hidden(file, "lock"), { wait: "wait", file: "remove", signal, onWait }, () => {
    begun.resolve();
    return ended.promise;
  });
  turn.catch(begun.reject);
  await begun.promise;
  return () => {
    ended.resolve();
    return turn;
  };
}

async function takeOver(file: string, directory: string, options: ArchiveOptions): Promise<void> {
  const fresh = `${directory}-new`;
  await remove(fresh);
  await remove(directory);
  try {
    await readArchive(file, fresh, options);
    await renameWithRetries(fresh, directory);
  } catch (error) {
    await remove(fresh);
    throw error;
  }
}

async function remove(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    throw fileError(error, directory);
  }
}

/** Drops content that no tag refers to before writing the archive, unless the index has entries of unknown type. */
async function dropUnused(directory: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await createLayoutStore({ directory }).collectGarbage({ graceMs: 0, signal });
  } catch (error) {
    if (!OciError.is(error) || error.code !== "OCI_UNSUPPORTED") throw error;
  }
}

/** Whether the archive exists. */
export async function hasArchive(archive: string): Promise<boolean> {
  return lstat(resolve(archive)).then(
    (found) => found.isFile(),
    () => false,
  );
}
