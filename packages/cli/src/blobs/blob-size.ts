import type { WriteStore } from "@dtuf/registry";
import type { AliasImage } from "./alias.ts";
import type { Context, Run } from "../context/command.ts";
import { findBlob, isImage, openNamed, parseAliasArgument, parseDigestArgument, withStore } from "./dxf.ts";

export const run: Run = (context, [repo = "", ...words]) =>
  withStore(context, repo, (store) => context.terminal.printEach("sizes", listSizes(context, store, words)));

async function* listSizes(context: Context, store: WriteStore, words: readonly string[]): AsyncIterable<unknown> {
  if (words.length === 0) yield* listSums(context, store, []);
  for (const word of words) {
    const alias = parseAliasArgument(word);
    if (alias === undefined)
      yield (await findBlob(store, parseDigestArgument(word), { signal: context.io.signal })).size;
    else yield* listSums(context, store, [alias]);
  }
}

/** An alias has the sum of its blobs' sizes; one of several platforms has a sum for each. */
async function* listSums(context: Context, store: WriteStore, names: readonly string[]): AsyncIterable<unknown> {
  for (const images of await openNamed(context, store, names)) {
    if (isImage(images)) yield await sumOf(context, store, images);
    else {
      const sums: [string, number][] = [];
      for (const [name, image] of images) sums.push([name, await sumOf(context, store, image)]);
      yield Object.fromEntries(sums);
    }
  }
}

async function sumOf(context: Context, store: WriteStore, { blobs }: AliasImage): Promise<number> {
  let sum = 0;
  for (const { digest, size } of blobs) {
    sum += size ?? (await findBlob(store, digest, { signal: context.io.signal })).size;
  }
  return sum;
}
