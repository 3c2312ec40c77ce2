import type { Run } from "../command.ts";
import { openAlias } from "../alias.ts";
import { deleter, withStore } from "../dxf.ts";

/** As dxf: the manifest goes, and with it every alias of the same manifest. Prints what it pointed to. */
export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, async (base) => {
    const store = deleter(base);
    const options = { signal: context.io.signal };
    for (const name of names) {
      const alias = await openAlias(store, name, options);
      await store.deleteManifest(alias.digest, options);
      if (alias.kind === "image") {
        for (const { digest } of alias.blobs) await context.terminal.print(digest);
      } else {
        const digests = [...alias.platforms].map(([platform, { digest }]) => [platform, digest] as const);
        await context.terminal.print(
          JSON.stringify(Object.fromEntries(digests.toSorted(([a], [b]) => (a < b ? -1 : 1)))),
        );
      }
    }
  });
