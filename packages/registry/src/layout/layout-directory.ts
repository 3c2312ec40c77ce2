/**
 * A layout directory is created in one step: its marker file `oci-layout` is written last. Without a marker there is no
 * layout, and readers see a repository that was never published.
 */
import { join } from "node:path";
import { OciError } from "../errors.ts";
import { createDirectory, findFile, withLock, writeFileAtomically, type LockOptions } from "../files/index.ts";
import { layoutMarkerMaxBytes } from "../limits.ts";
import { findFileStat } from "./blob-files.ts";
import { emptyLayoutIndex, encodeLayoutIndex, parseJsonObject, parseLayoutIndex } from "./layout-index.ts";

export interface LayoutPaths {
  readonly directory: string;
  readonly marker: string;
  readonly index: string;
  readonly blobs: string;
  /** The lock for changes of index.json and deletions of blobs. Stays empty. */
  readonly lock: string;
}

export function layoutPaths(directory: string): LayoutPaths {
  return {
    directory,
    marker: join(directory, "oci-layout"),
    index: join(directory, "index.json"),
    blobs: join(directory, "blobs"),
    lock: join(directory, ".dtuf-lock"),
  };
}

/**
 * Whether the directory is a layout.
 * @throws OciError OCI_LAYOUT_INVALID if it is a layout of another version
 */
export async function isLayout(paths: LayoutPaths): Promise<boolean> {
  const bytes = await findFile(paths.marker, { maxBytes: layoutMarkerMaxBytes });
  if (bytes === undefined) return false;
  verifyMarker(bytes, paths.marker);
  return true;
}

function verifyMarker(bytes: Uint8Array, name: string): void {
  const { imageLayoutVersion } = parseJsonObject(bytes, name);
  if (imageLayoutVersion === "1.0.0") return;
  throw new OciError("OCI_LAYOUT_INVALID", `${name}: wanted imageLayoutVersion "1.0.0"`, {
    details: { path: name, got: JSON.stringify(imageLayoutVersion) ?? "nothing" },
  });
}

/** Verifies the two files of a layout before one is made from them. @throws OciError OCI_LAYOUT_INVALID */
export function verifyLayoutFiles(index: Uint8Array, marker: Uint8Array): void {
  verifyMarker(marker, "oci-layout");
  parseLayoutIndex(index);
}

/** Runs work while nothing else, in this or another process, changes the layout. Not re-entrant. */
export type Exclusively = <T>(work: () => Promise<T>, signal: AbortSignal | undefined) => Promise<T>;

/** Uses a queue within the process, so that only processes poll for each other. @throws FileError FILE_LOCKED */
export function createExclusively(paths: LayoutPaths, onWait: LockOptions["onWait"]): Exclusively {
  let last: Promise<unknown> = Promise.resolve();
  return (work, signal) => {
    const turn = last.then(() => withLock(paths.lock, { wait: "wait", onWait, signal }, work));
    last = turn.catch(() => undefined);
    return turn;
  };
}

/** @throws OciError OCI_LAYOUT_INVALID; FileError */
export async function createLayout(
  paths: LayoutPaths,
  exclusively: Exclusively,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (await isLayout(paths)) return;
  await createDirectory(join(paths.blobs, "sha256"));
  await exclusively(async () => {
    if (await isLayout(paths)) return;
    if ((await findFileStat(paths.index)) === undefined) {
      await writeFileAtomically(paths.index, encodeLayoutIndex(emptyLayoutIndex));
    }
    await writeFileAtomically(paths.marker, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  }, signal);
}
