/** A staged file that is verified as a whole before any byte of it is used, and block by block each time it is read. */
import { createHash } from "node:crypto";
import { createDigester, digestHex, type ByteStream } from "@dtuf/registry";
import { fileCall, openRegularFile, type OpenedFile } from "@dtuf/registry/files";
import { stagedDiffers, type StagedContent } from "./staged-content.ts";
import type { InstallOptions } from "./installation.ts";

export interface VerifiedFile {
  readonly size: number;
  /**
   * The bytes from `start` to before `end`, or to the end of the file. The file stays open, so that another one with its name changes nothing; a block that
   * changed is not yielded. @throws AgentError AGENT_STAGED_DIFFERS; FileError; the signal's reason
   */
  read(start: number, end: number): ByteStream;
  close(): Promise<void>;
}

const blockBytes = 64 * 1024;
const hashBytes = 32;
/** Blocks that are not read again: headers and the table of a zip are read by turns with its files. */
const keptBlocks = 4;

/** @throws AgentError AGENT_STAGED_DIFFERS; FileError; the signal's reason */
export async function openVerifiedFile(
  path: string,
  wanted: StagedContent,
  options: InstallOptions = {},
): Promise<VerifiedFile> {
  const opened = await openRegularFile(path);
  if (opened === undefined) throw stagedDiffers(path);
  try {
    if (opened.size !== wanted.length) throw stagedDiffers(path);
    const hashes = await hashBlocks(opened, path, { wanted, options });
    return createVerifiedFile(opened, path, { hashes, options });
  } catch (error) {
    await opened.file.close();
    throw error;
  }
}

/** The SHA-256 of each block, one after the other. */
async function hashBlocks(
  { file, size }: OpenedFile,
  path: string,
  { wanted, options }: { readonly wanted: StagedContent; readonly options: InstallOptions },
): Promise<Uint8Array> {
  const whole = createDigester("sha256");
  const hashes = new Uint8Array(Math.ceil(size / blockBytes) * hashBytes);
  for (let at = 0; at * blockBytes < size; at++) {
    options.signal?.throwIfAborted();
    const block = await readBlock(file, path, { at, size });
    whole.update(block);
    hashes.set(hashOf(block), at * hashBytes);
    options.onBytes?.(0);
  }
  if (digestHex(whole.digest()) !== wanted.sha256) throw stagedDiffers(path);
  return hashes;
}

function createVerifiedFile(
  { file, size }: OpenedFile,
  path: string,
  { hashes, options: { signal, onBytes } }: { readonly hashes: Uint8Array; readonly options: InstallOptions },
): VerifiedFile {
  const kept = new Map<number, Buffer>();
  let total = 0;
  const blockAt = async (at: number): Promise<Buffer> => {
    const block = kept.get(at) ?? (await readBlock(file, path, { at, size }));
    if (!kept.has(at) && !hashOf(block).equals(hashes.subarray(at * hashBytes, (at + 1) * hashBytes)))
      throw stagedDiffers(path);
    kept.delete(at);
    kept.set(at, block);
    for (const oldest of kept.keys()) if (kept.size > keptBlocks) kept.delete(oldest);
    return block;
  };
  return {
    size,
    async *read(start, end) {
      for (let from = start; from < end;) {
        signal?.throwIfAborted();
        const at = Math.floor(from / blockBytes);
        const block = await blockAt(at);
        const to = Math.min(end, at * blockBytes + block.length);
        if (to <= from) throw stagedDiffers(path);
        yield block.subarray(from - at * blockBytes, to - at * blockBytes);
        onBytes?.(Math.min((total += to - from), size));
        from = to;
      }
    },
    close: () => file.close(),
  };
}

/** A file that became shorter gives a shorter block, whose hash differs. */
async function readBlock(
  file: OpenedFile["file"],
  path: string,
  { at, size }: { readonly at: number; readonly size: number },
): Promise<Buffer> {
  const block = Buffer.alloc(Math.min(blockBytes, size - at * blockBytes));
  let length = 0;
  await fileCall(path, async () => {
    for (let read = 1; read > 0 && length < block.length; length += read)
      read = (await file.read(block, length, block.length - length, at * blockBytes + length)).bytesRead;
  });
  return block.subarray(0, length);
}

const hashOf = (block: Uint8Array): Buffer => createHash("sha256").update(block).digest();
