import { digestHex, OciError, type Digest, type WriteStore } from "@dtuf/registry";
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
import { createProgress } from "../context/progress.ts";

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
  const bar = createProgress(context)(digestHex(digest), descriptor.size);
  const verified = await spool(stream, descriptor.size);
  let done = 0;
  let header = context.values.on("blob-info") ? `${digest} ${descriptor.size}` : undefined;
  for await (const chunk of verified) {
    if (header !== undefined) await context.terminal.print(header);
    header = undefined;
    await context.terminal.writeBytes(chunk);
    bar.update((done += chunk.length));
  }
  if (header !== undefined) await context.terminal.print(header);
  bar.end();
}
