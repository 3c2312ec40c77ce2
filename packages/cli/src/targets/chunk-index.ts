import type { IndexOptions } from "@dtuf/master";
import type { Values } from "../context/values.ts";

/** What `--chunk` and `--no-index` ask for. */
export function indexOptions(values: Values): IndexOptions {
  const chunk = values.text("chunk") ?? "";
  const unit = chunk.endsWith("m") ? 1024 * 1024 : 1024;
  return {
    index: values.on("no-index") ? "none" : "make",
    chunkBytes: chunk === "" ? undefined : Number(chunk.slice(0, -1)) * unit,
  };
}
