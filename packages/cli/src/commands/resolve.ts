import { OciError, parseTag } from "@dtuf/registry";
import type { Run } from "../command.ts";
import { withStore } from "../dxf.ts";

/** The digest of the manifest that an alias names. One HEAD. */
export const run: Run = (context, [repo = "", ...names]) =>
  withStore(context, repo, async (store) => {
    for (const name of names) {
      const resolved = await store.resolve(parseTag(name), { want: "digest", signal: context.io.signal });
      if (resolved === undefined) {
        throw new OciError("OCI_NOT_FOUND", `no alias ${JSON.stringify(name)}`, { details: { alias: name } });
      }
      await context.terminal.print(resolved.descriptor.digest);
    }
  });
