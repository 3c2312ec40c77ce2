import { openContent, type Content } from "../content.ts";
import type { Descriptor } from "../descriptor.ts";
import { reportUpload } from "../progress.ts";
import type { PutOptions } from "../store.ts";
import { verifying } from "../verifying.ts";
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
