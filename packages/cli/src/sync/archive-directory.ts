/** Where an archive is unpacked: a directory that goes away with the run, or, if the run is killed, with the next one. */
import { lstat, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FileError, isErrno, withLock } from "@dtuf/registry/files";

export interface ArchiveDirectory {
  readonly directory: string;
  remove(): Promise<void>;
}

const prefix = "dtuf-archive-";
/** The kernel frees it when its run dies: that is how the next run tells what was left behind. */
const lockName = ".dtuf-lock";
/** Younger ones may not have taken their lock yet. */
const settledAfterMs = 60_000;
/** As `mkdtemp` makes them. */
const ownName = new RegExp(`^${prefix}[A-Za-z0-9]{6}$`);

/** @throws FileError */
export async function createArchiveDirectory(now: () => Date): Promise<ArchiveDirectory> {
  const directory = await mkdtemp(join(tmpdir(), prefix));
  await removeLeftovers(directory, now().getTime() - settledAfterMs);
  const [locked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = withLock(join(directory, lockName), { wait: "fail" }, () => {
    locked.resolve();
    return released.promise;
  });
  holding.catch(locked.reject);
  await locked.promise;
  return {
    directory,
    async remove() {
      released.resolve();
      await holding;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What has no lock file, so that it is not ours, or is in use, stays; a leftover that cannot be removed is no reason to fail. */
async function removeLeftovers(own: string, before: number): Promise<void> {
  const { uid } = await stat(own);
  for (const name of (await readdir(tmpdir())).filter((each) => ownName.test(each))) {
    const path = join(tmpdir(), name);
    try {
      const found = await lstat(path);
      if (!found.isDirectory() || found.uid !== uid || found.mtimeMs > before) continue;
      if (!(await lstat(join(path, lockName))).isFile()) continue;
      await withLock(join(path, lockName), { wait: "fail" }, () => Promise.resolve());
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      if (!FileError.is(error) && !isErrno(error, "ENOENT", "EACCES", "EPERM", "EBUSY", "ENOTEMPTY")) throw error;
    }
  }
}
