import { resolve } from "node:path";
import { collect } from "@dtuf/registry";
import { findFile } from "@dtuf/registry/files";
import { findForeignEncoding } from "@dtuf/tuf";
import type { Context } from "./command.ts";
import { UsageError } from "./usage.ts";

/**
 * A file of text that was named on the command line, whole; `-` is stdin.
 * @throws UsageError where it is not there, or is not plain UTF-8 by its first bytes; FileError
 */
export async function readInput({ io }: Context, file: string, maxBytes: number): Promise<Uint8Array> {
  const bytes =
    file === "-"
      ? await collect(io.stdin.stream, maxBytes)
      : await findFile(resolve(io.cwd, file), { maxBytes, followLinks: true });
  if (bytes === undefined) throw new UsageError(`there is no file ${file}`);
  const encoding = findForeignEncoding(bytes);
  if (encoding === undefined) return bytes;
  throw new UsageError(
    `${file === "-" ? "stdin" : file} is ${encoding}; wanted plain UTF-8`,
    "PowerShell's > changes what it writes: use --output, or copy the file itself",
  );
}
