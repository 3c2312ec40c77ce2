import type { LockOptions } from "../files/index.ts";
import { createIndexFile, type IndexFile } from "./index-file.ts";
import {
  createExclusively,
  createLayout,
  layoutPaths,
  type Exclusively,
  type LayoutPaths,
} from "./layout-directory.ts";

/** A layout as the parts of this folder share it. */
export interface Layout {
  readonly paths: LayoutPaths;
  readonly now: () => Date;
  readonly exclusively: Exclusively;
  readonly index: IndexFile;
  /** Makes the directory a layout if it is none yet. */
  create(signal: AbortSignal | undefined): Promise<void>;
}

export function openLayout(directory: string, now: () => Date, onLockWait?: LockOptions["onWait"]): Layout {
  const paths = layoutPaths(directory);
  const exclusively = createExclusively(paths, onLockWait);
  return {
    paths,
    now,
    exclusively,
    index: createIndexFile(paths, exclusively),
    create: (signal) => createLayout(paths, exclusively, signal),
  };
}
