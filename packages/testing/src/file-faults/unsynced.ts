/** Which files have bytes that were not fsynced: a power cut loses them, a kill does not. Names are kept, as a journal keeps them. */
import fs from "node:fs";
import { sep } from "node:path";

export interface UnsyncedFiles {
  /** @param self the file handle, if it is a call of one */
  note(name: string, self: unknown, args: readonly unknown[]): void;
  opened(handle: object, path: unknown): void;
  /** Cuts the files to a part of what was written: half of it, as if some pages had reached the disk. */
  lose(): void;
}

export function createUnsyncedFiles(): UnsyncedFiles {
  const paths = new WeakMap<object, string>();
  const dirty = new Set<string>();
  const handlePath = (self: unknown): string | undefined =>
    typeof self === "object" && self !== null ? paths.get(self) : undefined;
  /** A directory takes its files along. */
  function move(from: string, to: string): void {
    for (const path of dirty) {
      if (path !== from && !path.startsWith(`${from}${sep}`)) continue;
      dirty.delete(path);
      dirty.add(to + path.slice(from.length));
    }
  }

  return {
    opened: (handle, path) => void paths.set(handle, String(path)),
    note(name, self, [from, to]) {
      const path = handlePath(self);
      if (path !== undefined && /^(?:append|write|truncate)/.test(name)) dirty.add(path);
      if (path !== undefined && /^(?:sync|datasync)$/.test(name)) dirty.delete(path);
      if (path === undefined && /^(?:writeFile|appendFile)/.test(name)) dirty.add(String(from));
      if (name.startsWith("copyFile")) dirty.add(String(to));
      if (/^rename(?:Sync)?$/.test(name)) move(String(from), String(to));
    },
    lose() {
      for (const path of dirty) {
        try {
          fs.truncateSync(path, fs.statSync(path).size >> 1);
        } catch {
          // It was removed, or never written.
        }
      }
    },
  };
}
