/** Hashes of older files, which tell the patches that may apply. Only a hint: whatever a patch makes is verified. */
import { createHash } from "node:crypto";
import { freeing } from "@dtuf/registry";
import { FileError, readFileIdentity, readRegularFile } from "@dtuf/registry/files";

export interface FileHashes {
  /** SHA-256, 64 hex digits; undefined for a file that is missing, empty or cannot be read. A file is read again only if it changed. */
  find(path: string, signal?: AbortSignal): Promise<string | undefined>;
}

/** So many files are remembered. */
const filesMax = 256;

export function createFileHashes(): FileHashes {
  const known = new Map<string, { readonly key: string; readonly sha256: string }>();
  return {
    async find(path, signal) {
      try {
        const { key, size } = await readFileIdentity(path);
        const held = known.get(path);
        if (held?.key === key) return held.sha256;
        if (size === 0) return undefined;
        const hash = createHash("sha256");
        for await (const bytes of freeing(readRegularFile(path, { signal }))) hash.update(bytes);
        const sha256 = hash.digest("hex");
        if (known.size >= filesMax) known.clear();
        known.set(path, { key, sha256 });
        return sha256;
      } catch (error) {
        if (FileError.is(error)) return undefined;
        throw error;
      }
    },
  };
}
