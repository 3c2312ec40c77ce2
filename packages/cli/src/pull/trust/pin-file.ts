/** What a pin is given as: a root.json, a chain of roots, or public keys in PEM. The first character tells. */
import type { RequestedRoot } from "@dtuf/copy";
import { rootFileMaxBytes } from "@dtuf/format";
import type { Context } from "../../context/command.ts";
import { readInput, verifyRootFile } from "../../context/input-file.ts";
import { UsageError } from "../../context/usage.ts";

/** @throws UsageError for files that are neither one root file nor keys; FileError */
export async function readPin(context: Context, files: readonly string[]): Promise<RequestedRoot | undefined> {
  const contents = [];
  for (const file of files) contents.push(await readInput(context, file, rootFileMaxBytes));
  const kinds = new Set(contents.map(kindOf));
  const [bytes] = contents;
  if (bytes === undefined) return undefined;
  if (kinds.size === 1 && kinds.has("keys")) {
    return { kind: "keys", pems: contents.map((content) => Buffer.from(content).toString("utf8")) };
  }
  if (contents.length === 1 && kinds.has("root")) {
    verifyRootFile(bytes, files[0] ?? "");
    return { kind: "root", bytes };
  }
  throw new UsageError(
    "wanted one root.json (it begins with {), one chain of roots (it begins with [), or public keys in PEM (they begin with -)",
  );
}

/** A root has keys in PEM in it, so nothing but the beginning is looked at. */
function kindOf(bytes: Uint8Array): "root" | "keys" | "unknown" {
  const first = /[^\t\n\r ]/.exec(Buffer.from(bytes.subarray(0, 64)).toString("latin1"))?.[0];
  if (first === "{" || first === "[") return "root";
  return first === "-" ? "keys" : "unknown";
}
