import { hasCapability, OciError } from "@dtuf/registry";
import type { Run } from "../command.ts";
import { withStore } from "../dxf.ts";

export const run: Run = (context, [repo = ""]) =>
  withStore(context, repo, async (store) => {
    if (!hasCapability(store, "listTags")) throw new OciError("OCI_UNSUPPORTED", "this store cannot list its tags");
    const aliases: string[] = [];
    for await (const tag of store.listTags({ signal: context.io.signal })) {
      if (context.terminal.format === "json") aliases.push(tag);
      else await context.terminal.printName(tag);
    }
    if (context.terminal.format === "json") await context.terminal.printJson({ aliases });
  });
