/** Files that a push makes for itself, in a directory of their own in the state. */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createDirectory, fileCall } from "@dtuf/registry/files";

export interface Scratch {
  /** Where a new file may be written. */
  path(): Promise<string>;
  /** Removes the files. */
  close(): Promise<void>;
}

const prefix = "push-";
/** No push lasts so long: what is older was left by one that was killed. */
const staleMs = 7 * 24 * 60 * 60 * 1000;

/** The directory is made when it is first needed. */
export function createScratch(directory: string, now: Date): Scratch {
  let made: Promise<string> | undefined;
  let files = 0;
  const make = async (): Promise<string> => {
    await createDirectory(directory, { mode: 0o700 });
    await sweep(directory, now);
    return fileCall(directory, () => mkdtemp(join(directory, prefix)));
  };
  return {
    async path() {
      const home = await (made ??= make());
      files += 1;
      return join(home, `${files}`);
    },
    async close() {
      const home = await made?.catch(() => undefined);
      if (home !== undefined) await rm(home, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

async function sweep(directory: string, now: Date): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(directory, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory() === true && now.getTime() - found.mtimeMs > staleMs) await rm(path, { recursive: true });
  }
}
