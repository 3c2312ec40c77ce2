import { hasCapability, OciError } from "@dtuf/registry";
import type { Run } from "../../context/command.ts";
import { withStore } from "../dxf.ts";

export const run: Run = (context, [repo = ""]) =>
  withStore(context, repo, async (store) => {
    if (!hasCapability(store, "listTags")) throw new OciError("OCI_UNSUPPORTED", "this store cannot list its tags");
    await context.terminal.printEach("aliases", store.listTags({ signal: context.io.signal }));
  });
