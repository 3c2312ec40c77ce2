import { describeBytes } from "../context/time.ts";
import { resolve } from "node:path";
import { fileContent } from "@dtuf/registry";
import type { Run } from "../context/command.ts";
import { parseAliasToSet, setAlias, withStore } from "./dxf.ts";
import { hashFile } from "./hash-file.ts";
import { createProgress } from "../context/progress.ts";
import { digestHex } from "@dtuf/registry";

export const run: Run = (context, [repo = "", file = "", word]) => {
  const alias = parseAliasToSet(word);
  const { signal, cwd } = context.io;
  return withStore(context, repo, async (store) => {
    const blob = await hashFile(file, cwd);
    const bar = createProgress(context)(digestHex(blob.digest), blob.size);
    await store.put(blob, fileContent(resolve(cwd, file)), { signal, onProgress: ({ bytes }) => bar.update(bytes) });
    bar.end();
    if (alias !== undefined) await setAlias(store, { alias, blobs: [blob] }, { signal });
    await context.terminal.printEach("digests", [blob.digest]);
    const named = alias === undefined ? "" : ` as ${alias}`;
    context.terminal.report(`pushed ${file}, ${describeBytes(blob.size)}, to ${repo}${named}`);
  });
};
