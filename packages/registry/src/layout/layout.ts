import { join } from "node:path";
import { verifyDirectories, type LockOptions } from "../files/index.ts";
import { createIndexFile, type IndexFile } from "./index-file.ts";
import {
  createExclusively,
  createLayout,
  layoutPaths,
  type Exclusively,
  type LayoutPaths,
} from "./layout-directory.ts";

/** The parts of a layout that this folder's modules share. */
export interface Layout {
  readonly paths: LayoutPaths;
  readonly now: () => Date;
  readonly exclusively: Exclusively;
  readonly index: IndexFile;
  /** Makes the directory a layout if it is not one yet. */
  create(signal: AbortSignal | undefined): Promise<void>;
}

export function openLayout(directory: string, now: () => Date, onLockWait?: LockOptions["onWait"]): Layout {
  const paths = layoutPaths(directory);
  const queue = createExclusively(paths, onLockWait);
  const guard = createGuard(paths);
  const exclusively: Exclusively = async (work, signal) => {
    await guard();
    return queue(work, signal);
  };
  return {
    paths,
    now,
    exclusively,
    index: createIndexFile(paths, exclusively),
    async create(signal) {
      await guard();
      await createLayout(paths, exclusively, signal);
    },
  };
}

/** Verifies once, before the first change, that no link leads out of the layout. */
function createGuard({ blobs }: LayoutPaths): () => Promise<void> {
  let verified = false;
  return async () => {
    if (verified) return;
    await verifyDirectories([blobs, join(blobs, "sha256"), join(blobs, "sha512")]);
    verified = true;
  };
}
