import { parseDigest, type WriteStore } from "@dtuf/registry";
import type { AliasImage } from "../alias.ts";
import type { Context, Run } from "../command.ts";
import { findBlob, isImage, openNamed, parseAliasArgument, withStore } from "../dxf.ts";

export const run: Run = (context, [repo = "", ...words]) =>
  withStore(context, repo, async (store) => {
    if (words.length === 0) return printNamed(context, store, []);
    for (const word of words) {
      const alias = parseAliasArgument(word);
      if (alias !== undefined) await printNamed(context, store, [alias]);
      else {
        const { size } = await findBlob(store, parseDigest(word), { signal: context.io.signal });
        await context.terminal.print(String(size));
      }
    }
  });

/** An alias has the sum of its blobs' sizes; one of several platforms has a sum for each. */
async function printNamed(context: Context, store: WriteStore, names: readonly string[]): Promise<void> {
  const total = async (image: AliasImage): Promise<number> => {
    let sum = 0;
    for (const { digest, size } of image.blobs) {
      sum += size ?? (await findBlob(store, digest, { signal: context.io.signal })).size;
    }
    return sum;
  };
  for (const images of await openNamed(context, store, names)) {
    if (isImage(images)) await context.terminal.print(String(await total(images)));
    else {
      const sums: [string, number][] = [];
      for (const [name, image] of images) sums.push([name, await total(image)]);
      await context.terminal.print(JSON.stringify(Object.fromEntries(sums)));
    }
  }
}
