import { OciError, type ByteStream, type Descriptor, type Digest, type WriteStore } from "@dtuf/registry";
import { spool } from "@dtuf/registry/files";
import type { Context, Run } from "../context/command.ts";
import {
  blobFinder,
  isImage,
  openNamed,
  parseAliasArgument,
  parseDigestArgument,
  perPlatform,
  withStore,
} from "./dxf.ts";
import { createProgress, type ProgressView } from "../context/progress/progress.ts";

export const run: Run = (context, [repo = "", ...words]) =>
  withStore(context, repo, async (store) => {
    const options = { context, store };
    if (words.length === 0) return pullNamed(options, []);
    for (const word of words) {
      const alias = parseAliasArgument(word);
      if (alias === undefined) await pullBlob(options, parseDigestArgument(word));
      else await pullNamed(options, [alias]);
    }
  });

interface Pull {
  readonly context: Context;
  readonly store: WriteStore;
}

async function pullNamed(pull: Pull, names: readonly string[]): Promise<void> {
  for (const images of await openNamed(pull.context, pull.store, names)) {
    // As dxf: without a platform there is no one content to write.
    if (!isImage(images)) {
      const blobs = perPlatform(images, (image) => image.blobs.map(({ digest }) => digest));
      await pull.context.terminal.print(JSON.stringify(blobs));
      continue;
    }
    for (const { digest } of images.blobs) await pullBlob(pull, digest);
  }
}

async function pullBlob({ context, store }: Pull, digest: Digest): Promise<void> {
  const opened = await blobFinder(store).openBlob(digest, { signal: context.io.signal });
  if (opened === undefined) throw new OciError("OCI_NOT_FOUND", `no blob ${digest}`, { details: { digest } });
  const { descriptor, stream } = opened;
  const progress = createProgress(context);
  const verified = await spool(watched(stream, descriptor, progress), descriptor.size);
  if (context.values.on("blob-info")) await context.terminal.print(`${digest} ${descriptor.size}`);
  await context.terminal.writeStream(verified);
  progress.end();
}

async function* watched(
  stream: ByteStream,
  { digest, size: totalBytes }: Descriptor,
  { onProgress }: ProgressView,
): ByteStream {
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    onProgress({ step: "download", kind: "content", name: digest, digest, bytes, totalBytes });
    yield chunk;
  }
  onProgress({ step: "download", kind: "content", name: digest, digest, bytes, totalBytes, isStored: true });
}
