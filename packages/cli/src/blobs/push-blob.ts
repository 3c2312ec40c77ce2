import { describeBytes } from "../context/time.ts";
import type { Progress } from "@dtuf/registry";
import type { Context, Run } from "../context/command.ts";
import { withInputFiles } from "../context/input-file.ts";
import { parseAliasToSet, setAlias, withStore } from "./dxf.ts";
import { putFile } from "./hash-file.ts";
import { createProgress } from "../context/progress/progress.ts";

export const run: Run = (context, [repo = "", file = "", word]) =>
  withInputFiles(context, [file], ([path = ""]) => push(context, { repo, file, path, alias: parseAliasToSet(word) }));

interface Push {
  readonly repo: string;
  /** As it was named. */
  readonly file: string;
  readonly path: string;
  readonly alias: ReturnType<typeof parseAliasToSet>;
}

function push(context: Context, { repo, file, path, alias }: Push): Promise<void> {
  const { signal } = context.io;
  return withStore(context, repo, async (store) => {
    const progress = createProgress(context);
    const onProgress = (report: Progress): void => progress.onProgress({ ...report, name: file });
    const blob = await putFile(store, path, { signal, onProgress });
    const { digest, size } = blob;
    onProgress({ step: "upload", kind: "content", name: file, digest, bytes: size, totalBytes: size, isStored: true });
    progress.end();
    if (alias !== undefined) await setAlias(store, { alias, blobs: [blob] }, { signal });
    await context.terminal.printEach("digests", [blob.digest]);
    const named = alias === undefined ? "" : ` as ${alias}`;
    context.terminal.report(`pushed ${file}, ${describeBytes(blob.size)}, to ${repo}${named}`);
  });
}
