import { OciError, parseTag, type Digest, type WriteStore } from "@dtuf/registry";
import type { Context, Run } from "../../context/command.ts";
import { withStore } from "../dxf.ts";

/** The digest of the manifest that an alias names. One HEAD. */
export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, (store) => context.terminal.printEach("digests", resolveAll(context, store, names)));

async function* resolveAll(context: Context, store: WriteStore, names: readonly string[]): AsyncIterable<Digest> {
  for (const name of names) {
    const resolved = await store.resolve(parseTag(name), { want: "digest", signal: context.io.signal });
    if (resolved === undefined) {
      throw new OciError("OCI_NOT_FOUND", `no alias ${JSON.stringify(name)}`, { details: { alias: name } });
    }
    yield resolved.descriptor.digest;
  }
}
