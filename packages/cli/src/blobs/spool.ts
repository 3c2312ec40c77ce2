/** Bytes held back until every one of them was verified: in memory while they are few, in a private file otherwise. */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collect, fileContent, openContent, type ByteStream, type Descriptor } from "@dtuf/registry";
import { fileError } from "@dtuf/registry/files";

/** Above this a file is cheaper than the memory. */
const memoryMaxBytes = 4 * 1024 * 1024;

/** @param stream one that errors instead of ending when it is not what the descriptor says */
export async function* releaseVerified(stream: ByteStream, { size }: Pick<Descriptor, "size">): ByteStream {
  if (size <= memoryMaxBytes) {
    yield* openContent(await collect(stream, memoryMaxBytes));
    return;
  }
  const directory = await mkdtemp(join(tmpdir(), "dtuf-"));
  const path = join(directory, "blob");
  try {
    await writeAll(stream, path);
    yield* openContent(fileContent(path));
  } catch (error) {
    throw fileError(error, path);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeAll(stream: ByteStream, path: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of stream) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
}
