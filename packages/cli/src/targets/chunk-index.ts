import { resolve } from "node:path";
import type { IndexOptions } from "@dtuf/master";
import type { Context } from "../context/command.ts";

/** What `--chunk`, `--no-index` and `--patch-from` ask for. */
export function indexOptions({ values, io }: Context): IndexOptions {
  const older = values.text("patch-from") ?? "";
  const chunk = values.text("chunk") ?? "";
  const unit = chunk.endsWith("m") ? 1024 * 1024 : 1024;
  return {
    index: values.on("no-index") ? "none" : "make",
    chunkBytes: chunk === "" ? undefined : Number(chunk.slice(0, -1)) * unit,
    patchFrom: older === "" ? undefined : older === "published" ? older : { path: resolve(io.cwd, older) },
  };
}
