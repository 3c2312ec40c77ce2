import { resolve } from "node:path";
import { collect } from "@dtuf/registry";
import { findFile } from "@dtuf/registry/files";
import type { Context } from "./command.ts";
import { UsageError } from "./usage.ts";

/** A file that was named on the command line, whole; `-` is stdin. @throws UsageError where it is not there; FileError */
export async function readInput({ io }: Context, file: string, maxBytes: number): Promise<Uint8Array> {
  if (file === "-") return collect(io.stdin.stream, maxBytes);
  const bytes = await findFile(resolve(io.cwd, file), { maxBytes, followLinks: true });
  if (bytes !== undefined) return bytes;
  throw new UsageError(`there is no file ${file}`);
}
