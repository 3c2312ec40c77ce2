import { storeContract } from "@dtuf/testing/store-contract/store-contract";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLayoutStore } from "./layout-store.ts";

storeContract("the layout store", async () => {
  const directory = await mkdtemp(join(tmpdir(), "layout-"));
  return {
    store: createLayoutStore({ directory: join(directory, "fred", "demo") }),
    cleanup: () => rm(directory, { recursive: true, force: true }),
  };
});
