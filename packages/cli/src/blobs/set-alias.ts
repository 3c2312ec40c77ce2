import { describeCount } from "../context/time.ts";
import type { Run } from "../context/command.ts";
import { describeBlobs, setAlias, withStore } from "./dxf.ts";
import { hashFile } from "./hash-file.ts";

/** Writes the manifest, byte for byte and without a line end, as dxf does. */
export const run: Run = (context, [repo = "", alias = "", ...words]) =>
  withStore(context, repo, async (store) => {
    const { signal, cwd } = context.io;
    const blobs = await describeBlobs(store, words, { signal, hash: (path) => hashFile(path, cwd) });
    const { bytes } = await setAlias(store, { alias, blobs }, { signal });
    await context.terminal.writeBytes(bytes);
    context.terminal.report(`${alias} of ${repo} names ${describeCount(blobs.length, "blob")}`);
  });
