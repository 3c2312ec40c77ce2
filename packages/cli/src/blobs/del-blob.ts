import {
  collect,
  manifestReadMaxBytes,
  OciError,
  parseDigest,
  type Deleter,
  type Digest,
  type WriteStore,
} from "@dtuf/registry";
import { openAlias, openImages, parseAlias, type Alias } from "./alias.ts";
import type { Context, Run } from "../context/command.ts";
import { deleter, parseAliasArgument, withStore } from "./dxf.ts";

/** For `@alias` the alias goes first and then its blobs: an alias is never left pointing at what is gone. */
export const run: Run = (context, [repo = "", ...words]) =>
  withStore(context, repo, async (base) => {
    const store = deleter(base);
    const options = { signal: context.io.signal };
    if (words.length === 0) {
      const alias = parseAlias(await collect(context.io.stdin.stream, manifestReadMaxBytes));
      return deleteBlobs(context, store, await blobsOf(context, store, alias));
    }
    for (const word of words) {
      const name = parseAliasArgument(word);
      if (name === undefined) {
        await deleteBlobs(context, store, [parseDigest(word)]);
        continue;
      }
      const alias = await openAlias(store, name, options);
      const blobs = await blobsOf(context, store, alias);
      await store.deleteManifest(alias.digest, options);
      const platforms = alias.kind === "index" ? [...alias.platforms.values()] : [];
      for (const { digest } of platforms) await store.deleteManifest(digest, options);
      await deleteBlobs(context, store, blobs);
    }
  });

async function blobsOf(context: Context, store: WriteStore, alias: Alias): Promise<readonly Digest[]> {
  const images = await openImages(store, alias, { platform: undefined, signal: context.io.signal });
  const all = "kind" in images ? [images] : [...images.values()];
  return [...new Set(all.flatMap(({ blobs }) => blobs.map(({ digest }) => digest)))];
}

/** @throws OciError OCI_NOT_FOUND for a blob that is not there */
async function deleteBlobs(context: Context, store: Deleter, digests: readonly Digest[]): Promise<void> {
  for (const digest of digests) {
    if (!(await store.deleteBlob(digest, { signal: context.io.signal }))) {
      throw new OciError("OCI_NOT_FOUND", `no blob ${digest}`, { details: { digest } });
    }
  }
}
