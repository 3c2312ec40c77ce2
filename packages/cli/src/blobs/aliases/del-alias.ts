import type { WriteStore } from "@dtuf/registry";
import type { Context, Run } from "../../context/command.ts";
import { openAlias } from "../alias.ts";
import { deleter, withStore } from "../dxf.ts";

/** As dxf: the manifest goes, and with it every alias of the same manifest. Prints what it pointed to. */
export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, (store) => context.terminal.printEach("deleted", deleteAll(context, store, names)));

async function* deleteAll(context: Context, base: WriteStore, names: readonly string[]): AsyncIterable<unknown> {
  const store = deleter(base);
  const options = { signal: context.io.signal };
  if (context.values.on("dry-run")) context.terminal.report("nothing is deleted: this is what would be");
  for (const name of names) {
    const alias = await openAlias(store, name, options);
    if (!context.values.on("dry-run")) await store.deleteManifest(alias.digest, options);
    if (alias.kind === "image") yield* alias.blobs.map(({ digest }) => digest);
    else {
      const digests = [...alias.platforms].map(([platform, { digest }]) => [platform, digest] as const);
      yield Object.fromEntries(digests.toSorted(([a], [b]) => (a < b ? -1 : 1)));
    }
  }
}
