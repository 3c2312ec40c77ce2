/**
 * Archives as sources and destinations. Both are worked on as a layout: a source is read into a directory that goes away
 * with it; a destination grows in a directory beside the file, which the next run goes on in where one was cut off, and
 * becomes the file when it is whole.
 */
import { lstat, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { OciError } from "@dtuf/registry";
import { fileError, findRegularFile, renameWithRetries } from "@dtuf/registry/files";
import { createLayoutStore } from "@dtuf/registry/layout";
import { readArchive, type ArchiveOptions } from "./read-archive.ts";
import { writeArchive } from "./write-archive.ts";

/** The layout in an archive; to be removed by the caller together with `directory`. @throws as `readArchive` */
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
  /** Puts what is there now under the archive's name and removes the layout. */
  commit(options?: Pick<ArchiveOptions, "signal">): Promise<void>;
}

export interface GrowOptions extends Pick<ArchiveOptions, "signal"> {
  /** "add": what an archive of that name holds stays in it. "replace": its content is only not read again. Default "add". */
  readonly existing?: "add" | "replace" | undefined;
}

/** What an archive of that name holds already is there, so that only the rest has to come. @throws as `readArchive` */
export async function growArchive(archive: string, options: GrowOptions = {}): Promise<GrowingArchive> {
  const file = resolve(archive);
  const directory = join(dirname(file), `.${basename(file)}.dtuf-partial`);
  const begun = (await findRegularFile(join(directory, "oci-layout"))) !== undefined;
  if (!begun && (await findRegularFile(file)) !== undefined) await takeOver(file, directory, options);
  if (options.existing === "replace")
    for (const name of ["oci-layout", "index.json"]) await remove(join(directory, name));
  return {
    directory,
    async commit({ signal } = {}) {
      await dropUnused(directory, signal);
      await writeArchive(directory, file, { signal });
      await remove(directory);
    },
  };
}

async function takeOver(file: string, directory: string, options: ArchiveOptions): Promise<void> {
  const fresh = `${directory}-new`;
  await remove(fresh);
  await remove(directory);
  await readArchive(file, fresh, options);
  await renameWithRetries(fresh, directory);
}

async function remove(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true });
  } catch (error) {
    throw fileError(error, directory);
  }
}

/** An archive is carried: what no tag leads to stays behind, unless somebody else's entries make that unclear. */
async function dropUnused(directory: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await createLayoutStore({ directory }).collectGarbage({ graceMs: 0, signal });
  } catch (error) {
    if (!OciError.is(error) || error.code !== "OCI_UNSUPPORTED") throw error;
  }
}

/** Whether there is an archive. */
export async function hasArchive(archive: string): Promise<boolean> {
  return lstat(resolve(archive)).then(
    (found) => found.isFile(),
    () => false,
  );
}
