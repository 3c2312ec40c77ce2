/**
 * One file at a path of the user's choice. The old file is linked to a second name first, then the new one is renamed over
 * it: the path names a whole file at every moment. Windows refuses to rename over a running program: there the old file is
 * renamed away, and a cut before the next rename is healed by `restore`.
 */
import { chmod, copyFile, constants, link, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import {
  createAtomicFile,
  fileCall,
  FileError,
  findRegularFile,
  isErrno,
  renameWithRetries,
  syncDirectory,
} from "@dtuf/registry/files";
import { unknownVersion, type InstalledVersion } from "../state/agent-state.ts";
import type { Installation, InstalledCondition, InstallOptions } from "./installation.ts";
import { removeOthers, stagedName } from "./remove-others.ts";
import { hasContent, identifyFile, readStaged, type StagedContent } from "./staged-content.ts";

export interface FilePlace {
  readonly path: string;
  /** Permission bits of the installed file. */
  readonly mode: number;
}

/** A version that is kept, and what is on its way to the final name. */
const keptName = /^(?:kept-[0-9a-f]{64}|ready)(?:\.new|\.away)?$/;

/** A single file, kept with its predecessor in a directory beside it. */
export function createFileInstallation({ path, mode }: FilePlace): Installation {
  const stagingDirectory = join(dirname(path), `.${basename(path)}.dtuf`);
  const kept = ({ sha256 }: StagedContent): string => join(stagingDirectory, `kept-${sha256}`);
  const ready = join(stagingDirectory, "ready");

  return {
    stagingDirectory,
    directories: [stagingDirectory],
    seeds: [path],
    currentPath: () => path,
    inspect: (version) => inspectFile(path, version),
    holds: (version) => hasContent(path, version),
    identify: () => identifyFile(path),
    async findBefore(installed) {
      const found = await identifyFile(path);
      return found === undefined ? undefined : { version: installed?.version ?? unknownVersion, ...found, path };
    },
    keeps: (version) => hasContent(kept(version), version),
    async place(staged, { next, previous }, options) {
      await writeVerified(staged, ready, { next, mode, options });
      await keepBefore(path, previous, kept);
      options.signal?.throwIfAborted();
      await replaceFile(ready, path);
      await syncDirectory(dirname(path));
    },
    async restore(version, instead) {
      const found = await identifyFile(path);
      if (found !== undefined && ![version.sha256, instead.sha256].includes(found.sha256))
        await keepFile(path, kept(found));
      // A second name of the kept file, so that it is still kept if this is cut and begins again.
      await keepFile(kept(version), ready);
      await replaceFile(ready, path);
      await syncDirectory(dirname(path));
    },
    async keepOnly(versions) {
      const wanted = new Set(versions.map((version) => basename(kept(version))));
      await removeOthers(stagingDirectory, { made: [stagedName, keptName], wanted });
    },
  };
}

async function inspectFile(path: string, version: InstalledVersion): Promise<InstalledCondition> {
  if (await hasContent(path, version)) return "whole";
  return (await findRegularFile(path)) === undefined ? "missing" : "changed";
}

/** The bytes that are installed are those that were hashed: what is verified is written to a new file, which is renamed. */
async function writeVerified(
  staged: string,
  ready: string,
  { next, mode, options }: { readonly next: InstalledVersion; readonly mode: number; readonly options: InstallOptions },
): Promise<void> {
  const file = await createAtomicFile(ready, { mode: 0o600 });
  try {
    for await (const chunk of readStaged(staged, next, options)) await file.write(chunk);
    await fileCall(file.temporaryPath, () => chmod(file.temporaryPath, mode));
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

/** Keeps what was found at the path, and nothing else: it is about to be replaced. @throws FileError FILE_CHANGED */
async function keepBefore(
  path: string,
  previous: InstalledVersion | undefined,
  kept: (version: InstalledVersion) => string,
): Promise<void> {
  if (previous === undefined && (await findRegularFile(path)) === undefined) return;
  if (previous !== undefined) {
    await keepFile(path, kept(previous));
    if (await hasContent(kept(previous), previous)) return;
  }
  throw new FileError("FILE_CHANGED", `${path} changed while another version was installed there; try again`, {
    details: { path },
  });
}

/** Gives a file a second name, or copies it on file systems without links. A file that is not there is left out. */
async function keepFile(from: string, to: string): Promise<void> {
  if ((await findRegularFile(from)) === undefined) return;
  const temporary = `${to}.new`;
  await fileCall(temporary, () => rm(temporary, { force: true }));
  await fileCall(from, async () => {
    try {
      await link(from, temporary);
    } catch (error) {
      if (!isErrno(error, "EPERM", "ENOTSUP", "EMLINK", "ENOSYS", "EXDEV")) throw error;
      await copyFile(from, temporary, constants.COPYFILE_EXCL);
    }
    await renameWithRetries(temporary, to);
    // If both names are the same file already, a rename does nothing and leaves the temporary name.
    await rm(temporary, { force: true });
  });
  await syncDirectory(dirname(to));
}

async function replaceFile(from: string, to: string): Promise<void> {
  await fileCall(to, async () => {
    try {
      await renameWithRetries(from, to);
    } catch (error) {
      if (!isErrno(error, "EPERM", "EACCES", "EBUSY")) throw error;
      const away = `${from}.away`;
      await rm(away, { force: true });
      await renameWithRetries(to, away);
      await renameWithRetries(from, to);
    }
  });
}
