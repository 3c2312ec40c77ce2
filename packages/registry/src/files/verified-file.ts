import { openContent, type Content } from "../content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { createFirstReading } from "../first-reading.ts";
import { reportUpload } from "../progress.ts";
import type { NewContent, PutOptions } from "../store.ts";
import { verifying } from "../verifying.ts";
import { join } from "node:path";
import { createAtomicFile } from "./atomic-file.ts";

/**
 * Writes content under its final name only if it matches the descriptor; otherwise nothing is left. The caller syncs the
 * directory to make the entry durable.
 * @throws OciError OCI_SIZE_MISMATCH, OCI_DIGEST_MISMATCH; FileError; the signal's reason
 */
export async function writeVerifiedFile(
  path: string,
  descriptor: Pick<Descriptor, "digest" | "size">,
  options: PutOptions & { readonly content: Content },
): Promise<void> {
  const { content, signal } = options;
  const file = await createAtomicFile(path, { directorySync: "later" });
  let written = 0;
  try {
    for await (const chunk of verifying(openContent(content), descriptor)) {
      signal?.throwIfAborted();
      await file.write(chunk);
      written += chunk.length;
      reportUpload(options, descriptor, written);
    }
    signal?.throwIfAborted();
    await file.commit();
  } catch (error) {
    await file.abort();
    throw error;
  }
}

export interface NewFileOptions extends PutOptions {
  readonly nameOf: (descriptor: Descriptor) => string;
  /** Runs the change of the directory. */
  readonly exclusively: (change: () => Promise<void>) => Promise<void>;
}

/**
 * Writes new content under the name that its descriptor gives it; if it fails, nothing is left. The caller syncs the directory
 * to make the entry durable.
 * @throws OciError OCI_SIZE_MISMATCH; FileError; the signal's reason
 */
export async function writeNewFile(
  directory: string,
  content: NewContent,
  options: NewFileOptions,
): Promise<Descriptor> {
  const { nameOf, exclusively, signal, onProgress } = options;
  const reading = createFirstReading(content);
  const { name, size: totalBytes } = content;
  const file = await createAtomicFile(join(directory, "new"), { directorySync: "later" });
  let bytes = 0;
  try {
    for await (const chunk of reading.rest()) {
      signal?.throwIfAborted();
      await file.write(chunk);
      bytes += chunk.length;
      onProgress?.({ step: "upload", kind: "content", name, bytes, totalBytes });
    }
    const descriptor = await reading.finish();
    signal?.throwIfAborted();
    await exclusively(() => file.commit(join(directory, nameOf(descriptor))));
    return descriptor;
  } catch (error) {
    await file.abort();
    throw error;
  } finally {
    await reading.end();
  }
}
