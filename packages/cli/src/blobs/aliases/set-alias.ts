import { describeCount } from "../../context/time.ts";
import type { Run } from "../../context/command.ts";
import { describeBlobs, setAlias, withStore } from "../dxf.ts";
import { withInputFiles } from "../../context/input-file.ts";
import { hashFile } from "../hash-file.ts";

/** Writes the manifest, byte for byte and without a line end, as dxf does. */
export const run: Run = (context, [repo = "", alias = "", ...words]) =>
  withStore(context, repo, async (store) => {
    const { signal } = context.io;
    const hash = (file: string): ReturnType<typeof hashFile> =>
      withInputFiles(context, [file], ([path = ""]) => hashFile(path));
    const blobs = await describeBlobs(store, words, { signal, hash });
    const { bytes } = await setAlias(store, { alias, blobs }, { signal });
    await context.terminal.writeBytes(bytes);
    context.terminal.report(`${alias} of ${repo} names ${describeCount(blobs.length, "blob")}`);
  });
